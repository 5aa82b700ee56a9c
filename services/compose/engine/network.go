package engine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// network is a set of containers that reach each other by name. If containers have no places, its
// addresses are invented: the proxies know them, but no interface has them.
type network struct {
	id, name   string
	created    time.Time
	labels     map[string]string
	options    map[string]string
	driver     string
	builtIn    bool
	internal   bool
	attachable bool
	ipv6       bool
	subnet     netip.Prefix
}

// endpoint is a container's membership of a network.
type endpoint struct {
	id      string
	network *network
	aliases []string
	links   []string
	address netip.Addr // while the container runs
	cable   string     // the name of its interface at the hub
}

// endpointConfig is a client's request for a membership.
type endpointConfig struct {
	IPAMConfig json.RawMessage
	Links      []string
	Aliases    []string
	MacAddress string
	DriverOpts map[string]string
}

// endpointSettings describes a membership in the API.
type endpointSettings struct {
	IPAMConfig          *struct{}
	Links               []string
	Aliases             []string
	NetworkID           string
	EndpointID          string
	Gateway             string
	IPAddress           string
	IPPrefixLen         int
	IPv6Gateway         string
	GlobalIPv6Address   string
	GlobalIPv6PrefixLen int
	MacAddress          string
	DriverOpts          map[string]string
	DNSNames            []string
}

// networks holds the networks of an engine. The engine knows their members: a caller
// that removes networks holds the engine's lock too.
type networks struct {
	events *eventLog

	mu   sync.Mutex // taken after the engine's; the networks themselves do not change
	byID map[string]*network
}

// newNetworks returns the built-in networks.
func newNetworks(events *eventLog) *networks {
	ns := &networks{events: events, byID: map[string]*network{}}
	for name, driver := range map[string]string{"bridge": "bridge", "none": "null"} {
		n := &network{id: newID(), name: name, driver: driver, created: time.Now(), builtIn: true}
		if name == "bridge" {
			n.subnet = netip.MustParsePrefix("172.17.0.0/16")
		}
		ns.byID[n.id] = n
	}
	return ns
}

// all returns the networks, in no order.
func (ns *networks) all() []*network {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	return slices.Collect(maps.Values(ns.byID))
}

// find accepts a name, an id or an unambiguous beginning of one.
func (ns *networks) find(ref string) (*network, error) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	var found []*network
	for id, n := range ns.byID {
		if id == ref || n.name == ref {
			return n, nil
		}
		if strings.HasPrefix(id, ref) {
			found = append(found, n)
		}
	}
	if len(found) > 1 {
		return nil, badRequest("network %s is ambiguous (%d matches found based on ID prefix)", ref, len(found))
	}
	if len(found) == 0 {
		return nil, fail(http.StatusNotFound, "network %s not found", ref)
	}
	return found[0], nil
}

// joinNetworks makes a new container a member of its requested networks. The caller holds e.mu.
func (e *Engine) joinNetworks(c *container, asked map[string]*endpointConfig) error {
	mode := c.host.NetworkMode
	if mode == "default" {
		mode = "bridge"
	}
	if _, ok := asked[c.host.NetworkMode]; !ok {
		if n, err := e.networks.find(mode); err != nil {
			return err
		} else if asked[n.name] == nil && asked[n.id] == nil {
			asked = merged(asked, map[string]*endpointConfig{mode: nil})
		}
	}
	for name, config := range asked {
		if name == "default" {
			name = "bridge"
		}
		n, err := e.networks.find(name)
		if err != nil {
			return err
		}
		if err := c.join(n, config); err != nil {
			return err
		}
		if n.name == mode || n.id == mode {
			c.endpoints[n.name].links = append(c.endpoints[n.name].links, c.host.Links...)
		}
	}
	return nil
}

func (c *container) join(n *network, config *endpointConfig) error {
	ep := &endpoint{id: newID(), network: n}
	if config != nil {
		switch {
		case !empty(config.IPAMConfig) && len(config.IPAMConfig) > 0:
			return badRequest("a fixed address is not supported by the embedded engine: use the container's name")
		case config.MacAddress != "" || len(config.DriverOpts) > 0:
			return badRequest("MacAddress and DriverOpts of an endpoint are not supported by the embedded engine: its networks are " +
				"made of loopback connections")
		}
		ep.aliases, ep.links = config.Aliases, config.Links
	}
	c.endpoints[n.name] = ep
	return nil
}

// joinAddresses assigns addresses to a starting container. The caller holds e.mu.
func (e *Engine) joinAddresses(c *container) {
	for _, ep := range c.endpoints {
		e.assignAddress(ep)
	}
}

func (e *Engine) assignAddress(ep *endpoint) {
	n := ep.network
	if !n.subnet.IsValid() {
		return
	}
	taken := map[netip.Addr]bool{n.gateway(): true}
	for _, c := range e.containers {
		if other := c.endpoints[n.name]; other != nil {
			taken[other.address] = true
		}
	}
	for a := n.gateway().Next(); n.subnet.Contains(a); a = a.Next() {
		if !taken[a] {
			ep.address = a
			return
		}
	}
}

// leaveAddresses releases the addresses of a container that has ended.
func (c *container) leaveAddresses() {
	for _, ep := range c.endpoints {
		ep.address = netip.Addr{}
	}
}

// sortedEndpoints returns the memberships of a container by the networks' names, that of its network
// mode first.
func (c *container) sortedEndpoints() []*endpoint {
	return slices.SortedFunc(maps.Values(c.endpoints), func(a, b *endpoint) int {
		rank := func(ep *endpoint) int {
			if ep.network.name == c.host.NetworkMode || ep.network.id == c.host.NetworkMode {
				return 0
			}
			return 1
		}
		return cmp.Or(rank(a)-rank(b), strings.Compare(a.network.name, b.network.name))
	})
}

func (n *network) gateway() netip.Addr {
	if !n.subnet.IsValid() {
		return netip.Addr{}
	}
	return n.subnet.Addr().Next()
}

func (c *container) endpointSettings() map[string]endpointSettings {
	settings := map[string]endpointSettings{}
	for name, ep := range c.endpoints {
		s := endpointSettings{
			Links: ep.links, Aliases: ep.aliases, NetworkID: ep.network.id,
			DNSNames: append([]string{c.name, short(c.id)}, ep.aliases...),
		}
		if c.run != nil {
			s.EndpointID = ep.id
		}
		if ep.address.IsValid() {
			s.IPAddress, s.IPPrefixLen, s.Gateway = ep.address.String(), ep.network.subnet.Bits(), ep.network.gateway().String()
			s.MacAddress = ep.mac()
		}
		settings[name] = s
	}
	return settings
}

// mac returns the hardware address, derived from the IP address as in Docker.
func (ep *endpoint) mac() string {
	if !ep.address.Is4() {
		return ""
	}
	a := ep.address.As4()
	const hex = "0123456789abcdef"
	b := []byte("02:42")
	for _, x := range a {
		b = append(b, ':', hex[x>>4], hex[x&15])
	}
	return string(b)
}

// networkDetails is the answer of GET /networks and /networks/{id}.
type networkDetails struct {
	Name       string
	ID         string `json:"Id"`
	Created    string
	Scope      string
	Driver     string
	EnableIPv4 bool
	EnableIPv6 bool
	IPAM       ipam
	Internal   bool
	Attachable bool
	Ingress    bool
	ConfigFrom struct{ Network string }
	ConfigOnly bool
	Containers map[string]networkMember
	Options    map[string]string
	Labels     map[string]string
}

type ipam struct {
	Driver  string
	Options map[string]string
	Config  []ipamPool
}

type ipamPool struct {
	Subnet  string `json:",omitempty"`
	Gateway string `json:",omitempty"`
	IPRange string `json:",omitempty"`
}

type networkMember struct {
	Name        string
	EndpointID  string
	MacAddress  string
	IPv4Address string
	IPv6Address string
}

// details describes a network with its running containers. The caller holds e.mu.
func (e *Engine) details(n *network) networkDetails {
	d := networkDetails{
		Name: n.name, ID: n.id, Created: instant(n.created), Scope: "local", Driver: n.driver, EnableIPv4: true,
		EnableIPv6: n.ipv6, Internal: n.internal, Attachable: n.attachable,
		IPAM:       ipam{Driver: "default", Config: []ipamPool{}},
		Containers: map[string]networkMember{}, Options: n.options, Labels: n.labels,
	}
	if n.subnet.IsValid() {
		d.IPAM.Config = append(d.IPAM.Config, ipamPool{Subnet: n.subnet.String(), Gateway: n.gateway().String()})
	}
	for _, c := range e.members(n) {
		ep := c.endpoints[n.name]
		m := networkMember{Name: c.name, EndpointID: ep.id, MacAddress: ep.mac()}
		if ep.address.IsValid() {
			m.IPv4Address = netip.PrefixFrom(ep.address, n.subnet.Bits()).String()
		}
		d.Containers[c.id] = m
	}
	return d
}

// members returns the running containers of a network in the order of their starts.
func (e *Engine) members(n *network) []*container {
	var members []*container
	for _, c := range e.containers {
		if c.run != nil && c.endpoints[n.name] != nil && c.endpoints[n.name].network == n {
			members = append(members, c)
		}
	}
	slices.SortFunc(members, func(a, b *container) int {
		return cmp.Or(a.startedAt.Compare(b.startedAt), strings.Compare(a.id, b.id))
	})
	return members
}

// listNetworks is GET /networks.
func (e *Engine) listNetworks(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "dangling", "driver", "id", "label", "name", "scope", "type")
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []networkDetails{}
	for _, n := range e.networks.all() {
		used := slices.ContainsFunc(slices.Collect(maps.Values(e.containers)), func(c *container) bool {
			return c.endpoints[n.name] != nil
		})
		if f.labels(n.labels) &&
			f.any("id", func(want string) bool { return strings.HasPrefix(n.id, want) }) &&
			f.any("name", func(want string) bool { return strings.Contains(n.name, want) }) &&
			f.any("driver", func(want string) bool { return n.driver == want }) &&
			f.any("scope", func(want string) bool { return want == "local" }) &&
			f.any("type", func(want string) bool { return want == "builtin" == n.builtIn }) &&
			f.any("dangling", func(want string) bool { return (want == "true" || want == "1") == (!used && !n.builtIn) }) {
			d := e.details(n)
			d.Containers = map[string]networkMember{} // the list does not include them
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b networkDetails) int { return strings.Compare(b.Created, a.Created) })
	return writeJSON(w, http.StatusOK, list)
}

// inspectNetwork is GET /networks/{id}.
func (e *Engine) inspectNetwork(w http.ResponseWriter, r *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := e.networks.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, e.details(n))
}

// create is POST /networks/create.
func (ns *networks) create(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Name       string
		Driver     string
		Scope      string
		Internal   bool
		Attachable bool
		Ingress    bool
		ConfigOnly bool
		EnableIPv6 bool
		IPAM       *ipam
		Options    map[string]string
		Labels     map[string]string
	}
	if err := readJSON(r, &request); err != nil {
		return err
	}
	var wrong string
	switch {
	case request.Name == "":
		return badRequest("network name is required")
	case request.Driver != "" && request.Driver != "bridge":
		wrong = "driver " + request.Driver
	case request.Ingress:
		wrong = "an ingress network"
	case request.ConfigOnly:
		wrong = "a configuration-only network"
	case request.EnableIPv6:
		wrong = "IPv6"
	case request.Scope != "" && request.Scope != "local":
		wrong = "scope " + request.Scope
	}
	for name := range request.Options {
		wrong = "option " + name
	}
	subnet := netip.Prefix{}
	if pools := request.IPAM; pools != nil {
		switch {
		case pools.Driver != "" && pools.Driver != "default":
			wrong = "IPAM driver " + pools.Driver
		case len(pools.Options) > 0 || len(pools.Config) > 1:
			wrong = "IPAM with options or several subnets"
		case len(pools.Config) == 1 && pools.Config[0].Subnet != "":
			var err error
			if subnet, err = netip.ParsePrefix(pools.Config[0].Subnet); err != nil {
				return badRequest("invalid subnet: %v", err)
			}
			if !subnet.Addr().Is4() || subnet.Bits() > 30 {
				wrong = "subnet " + subnet.String()
			}
		}
	}
	if wrong != "" {
		return badRequest("network %s: %s is not supported by the embedded engine: its networks are made of loopback connections",
			request.Name, wrong)
	}

	ns.mu.Lock()
	defer ns.mu.Unlock()
	for _, n := range ns.byID {
		if n.name == request.Name {
			return conflict("network with name %s already exists", request.Name)
		}
	}
	if !subnet.IsValid() {
		var err error
		if subnet, err = ns.freeSubnet(); err != nil {
			return err
		}
	}
	n := &network{
		id: newID(), name: request.Name, driver: "bridge", created: time.Now(), labels: merged(request.Labels, nil),
		options: merged(request.Options, nil), internal: request.Internal, attachable: request.Attachable, subnet: subnet.Masked(),
	}
	ns.byID[n.id] = n
	ns.events.publish("network", "create", n.id, n.attributes())
	return writeJSON(w, http.StatusCreated, struct {
		ID      string `json:"Id"`
		Warning string
	}{n.id, ""})
}

// freeSubnet returns the first of Docker's usual subnets that no network uses. The caller holds
// ns.mu.
func (ns *networks) freeSubnet() (netip.Prefix, error) {
	for i := range 14 * 256 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, byte(18 + i), 0, 0}), 16)
		if i >= 14 {
			p = netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, byte(i - 14), 0}), 24)
		}
		if i >= 14+256 {
			break
		}
		free := true
		for _, n := range ns.byID {
			free = free && !n.subnet.Overlaps(p)
		}
		if free {
			return p, nil
		}
	}
	return netip.Prefix{}, errors.New("could not find an available, non-overlapping IPv4 address pool among the defaults to " +
		"assign to the network")
}

func (n *network) attributes(more ...string) map[string]string {
	a := map[string]string{"name": n.name, "type": n.driver}
	for i := 0; i < len(more); i += 2 {
		a[more[i]] = more[i+1]
	}
	return a
}

// connectNetwork is POST /networks/{id}/connect.
func (e *Engine) connectNetwork(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Container      string
		EndpointConfig *endpointConfig
	}
	if err := readJSON(r, &request); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := e.networks.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	c, err := e.findContainer(request.Container)
	if err != nil {
		return err
	}
	if c.endpoints[n.name] != nil && c.run != nil {
		return fail(http.StatusForbidden, "endpoint with name %s already exists in network %s", c.name, n.name)
	}
	if err := c.join(n, request.EndpointConfig); err != nil {
		return err
	}
	if c.run != nil {
		e.assignAddress(c.endpoints[n.name])
		if err := c.run.connect(e.places, c.endpoints[n.name]); err != nil {
			delete(c.endpoints, n.name)
			return err
		}
	}
	e.events.publish("network", "connect", n.id, n.attributes("container", c.id))
	w.WriteHeader(http.StatusOK)
	return nil
}

// disconnectNetwork is POST /networks/{id}/disconnect.
func (e *Engine) disconnectNetwork(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Container string
		Force     bool
	}
	if err := readJSON(r, &request); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := e.networks.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	c, err := e.findContainer(request.Container)
	if err != nil {
		return err
	}
	if c.endpoints[n.name] == nil {
		return fmt.Errorf("container %s is not connected to the network %s", c.id, n.name)
	}
	if c.run != nil {
		c.run.disconnect(e.places, c.endpoints[n.name])
	}
	delete(c.endpoints, n.name)
	e.events.publish("network", "disconnect", n.id, n.attributes("container", c.id))
	w.WriteHeader(http.StatusOK)
	return nil
}

// deleteNetwork is DELETE /networks/{id}.
func (e *Engine) deleteNetwork(w http.ResponseWriter, r *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := e.networks.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	if n.builtIn {
		return fail(http.StatusForbidden, "%s is a pre-defined network and cannot be removed", n.name)
	}
	if len(e.members(n)) > 0 {
		return fail(http.StatusForbidden, "error while removing network: network %s id %s has active endpoints", n.name, n.id)
	}
	e.networks.remove(n)
	return noContent(w)
}

func (ns *networks) remove(n *network) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	delete(ns.byID, n.id)
	ns.events.publish("network", "destroy", n.id, n.attributes())
}

// pruneNetworks is POST /networks/prune.
func (e *Engine) pruneNetworks(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilters(r, "label")
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	used := map[*network]bool{}
	for _, c := range e.containers {
		for _, ep := range c.endpoints {
			used[ep.network] = true
		}
	}
	var p pruned
	for _, n := range e.networks.all() {
		if !used[n] && !n.builtIn && f.labels(n.labels) {
			e.networks.remove(n)
			p.NetworksDeleted = append(p.NetworksDeleted, n.name)
		}
	}
	slices.Sort(p.NetworksDeleted)
	return writeJSON(w, http.StatusOK, p)
}

// member is a container of a network. Its endpoint is nil for the container that asks for itself.
type member struct {
	*container
	endpoint *endpoint
}

// resolve returns the containers that a name denotes for another container, which may be among
// them. The caller holds e.mu.
func (e *Engine) resolve(from *container, name string) []member {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	address, _ := netip.ParseAddr(name) // invalid for a name
	if name == "localhost" || address.IsLoopback() || address.IsUnspecified() {
		return []member{{from, nil}}
	}
	endpoints := from.sortedEndpoints()
	if name == strings.ToLower(from.config.Hostname) {
		if len(endpoints) == 0 {
			return []member{{from, nil}}
		}
		return []member{{from, endpoints[0]}}
	}
	var found []member
	for _, own := range endpoints {
		n := own.network
		linked := ""
		for _, link := range own.links {
			target, alias, ok := strings.Cut(link, ":")
			if strings.EqualFold(alias, name) || !ok && strings.EqualFold(target, name) {
				linked = strings.TrimPrefix(target, "/")
			}
		}
		for _, c := range e.members(n) {
			if c.named(n, strings.TrimSuffix(name, "."+n.name)) || linked != "" && (c.name == linked || strings.HasPrefix(c.id, linked)) ||
				address.IsValid() && c.endpoints[n.name].address == address {
				if !slices.ContainsFunc(found, func(m member) bool { return m.container == c }) {
					found = append(found, member{c, c.endpoints[n.name]})
				}
			}
		}
	}
	return found
}

// named reports whether a container has a name on a network. The default network has links only, as
// in Docker.
func (c *container) named(n *network, name string) bool {
	if n.builtIn {
		return false
	}
	same := func(s string) bool { return strings.EqualFold(s, name) }
	return same(c.name) || same(short(c.id)) || same(c.config.Hostname) || slices.ContainsFunc(c.endpoints[n.name].aliases, same)
}
