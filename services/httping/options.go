package httping

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// config is a parsed command line.
type config struct {
	target                      target
	host, port, url             string // -h, -p, -g or the argument
	count                       int    // negative: no limit
	interval, timeout           time.Duration
	method                      string
	userAgent, referer          string
	user, password              string
	extra                       []string // further header lines
	headers                     []string // all header lines except Host
	okCodes                     []string
	ipv6, tls, noHost, noCache  bool
	resolveOnce, showStatus     bool
	split, quiet, help, version bool
}

// target is the pinged URL in its parts.
type target struct {
	host, port, path string
	url              string // as shown in the statistics
	tls              bool
}

// option is an option of httping 2.5.
type option struct {
	short   byte     // 0: it has none
	long    []string // its names
	arg     string   // the name of its argument; "": it takes none
	summary string
	set     func(*config, string) error // nil: not supported here
}

// options are all options of httping 2.5, supported or not, so that an unsupported option is
// distinguished from an unknown one.
func options() []option {
	flag := func(set func(*config)) func(*config, string) error {
		return func(c *config, _ string) error { set(c); return nil }
	}
	text := func(set func(*config, string)) func(*config, string) error {
		return func(c *config, s string) error { set(c, s); return nil }
	}
	return []option{
		{'g', []string{"url"}, "URL", "URL to ping", text(func(c *config, s string) { c.url = s })},
		{'h', []string{"hostname"}, "HOST", "host to ping, instead of a URL", text(func(c *config, s string) { c.host = s })},
		{'p', []string{"port"}, "PORT", "its port", text(func(c *config, s string) { c.port = s })},
		{'6', []string{"ipv6"}, "", "use IPv6", flag(func(c *config) { c.ipv6 = true })},
		{'l', []string{"use-ssl"}, "", "connect with TLS", flag(func(c *config) { c.tls = true })},
		{'c', []string{"count"}, "N", "how many times to ping", text(func(c *config, s string) { c.count = atoi(s) })},
		{'i', []string{"interval"}, "SECONDS", "pause after each ping (1)", setInterval},
		{'t', []string{"timeout"}, "SECONDS", "limit of one ping (30)", setTimeout},
		{'f', []string{"flood"}, "", "no pause", flag(func(c *config) { c.interval = 0 })},
		{'Z', []string{"no-cache"}, "", "ask proxies not to cache", flag(func(c *config) { c.noCache = true })},
		{0, []string{"no-host-header"}, "", "send no Host header", flag(func(c *config) { c.noHost = true })},
		{'I', []string{"user-agent"}, "TEXT", "User-Agent header", text(func(c *config, s string) { c.userAgent = s })},
		{'R', []string{"referer"}, "TEXT", "Referer header", text(func(c *config, s string) { c.referer = s })},
		{0, []string{"header"}, "TEXT", "a further header", text(func(c *config, s string) { c.extra = append(c.extra, s) })},
		{'r', []string{"resolve-once"}, "", "look the host up once only", flag(func(c *config) { c.resolveOnce = true })},
		{'U', []string{"username"}, "TEXT", "user for basic authentication", text(func(c *config, s string) { c.user = s })},
		{'P', []string{"password"}, "TEXT", "and the password", text(func(c *config, s string) { c.password = s })},
		{'s', []string{"show-statuscodes"}, "", "show status codes, and judge them", flag(func(c *config) { c.showStatus = true })},
		{
			'o',
			[]string{"ok-result-codes"},
			"N,N", "the codes that are fine (200)",
			text(func(c *config, s string) { c.okCodes = strings.Split(s, ",") }),
		},
		{'S', []string{"split-time"}, "", "show the parts: resolve, connect, write, request, close", flag(func(c *config) { c.split = true })},
		{'G', []string{"get-request"}, "", "GET instead of HEAD", flag(func(c *config) { c.method = "GET" })},
		{'q', []string{"quiet"}, "", "exit status only", flag(func(c *config) { c.quiet = true })},
		{'V', []string{"version"}, "", "show the version", flag(func(c *config) { c.version = true })},
		{0, []string{"help"}, "", "show this", flag(func(c *config) { c.help = true })},

		{'x', []string{"proxy"}, "x", "", nil},
		{'E', nil, "", "", nil},
		{0, []string{"proxy-user"}, "x", "", nil},
		{0, []string{"proxy-password"}, "x", "", nil},
		{0, []string{"proxy-password-file"}, "x", "", nil},
		{'5', nil, "", "", nil},
		{0, []string{"proxy-buster"}, "x", "", nil},
		{0, []string{"ai", "adaptive-interval"}, "", "", nil},
		{0, []string{"divert-connect"}, "x", "", nil},
		{0, []string{"keep-cookies"}, "", "", nil},
		{'Q', []string{"persistent-connections"}, "", "", nil},
		{0, []string{"max-mtu"}, "x", "", nil},
		{0, []string{"no-tcp-nodelay"}, "", "", nil},
		{0, []string{"recv-buffer"}, "x", "", nil},
		{0, []string{"tx-buffer"}, "x", "", nil},
		{'W', nil, "", "", nil},
		{'y', []string{"bind-to"}, "x", "", nil},
		{'F', []string{"tcp-fast-open"}, "", "", nil},
		{0, []string{"priority"}, "x", "", nil},
		{0, []string{"tos"}, "x", "", nil},
		{'A', []string{"basic-auth"}, "", "", nil},
		{'T', nil, "x", "", nil},
		{0, []string{"threshold-red"}, "x", "", nil},
		{0, []string{"threshold-yellow"}, "x", "", nil},
		{0, []string{"threshold-show"}, "x", "", nil},
		{0, []string{"timestamp", "ts"}, "", "", nil},
		{0, []string{"aggregate"}, "x", "", nil},
		{'z', []string{"show-fingerprint"}, "", "", nil},
		{'v', nil, "", "", nil},
		{'b', []string{"show-transfer-speed"}, "", "", nil},
		{'B', []string{"show-xfer-speed-compressed"}, "", "", nil},
		{'L', []string{"data-limit"}, "x", "", nil},
		{'X', []string{"show-kb"}, "", "", nil},
		{'m', []string{"parseable-output"}, "", "", nil},
		{'M', nil, "", "", nil},
		{'e', []string{"result-string"}, "x", "", nil},
		{'n', []string{"nagios-mode-1"}, "x", "", nil},
		{'N', []string{"nagios-mode-2"}, "x", "", nil},
		{'C', []string{"cookie"}, "x", "", nil},
		{'Y', []string{"colors"}, "", "", nil},
		{'a', []string{"audible-ping"}, "", "", nil},
		{'K', []string{"ncurses", "gui"}, "", "", nil},
		{0, []string{"draw-phase"}, "", "", nil},
		{0, []string{"slow-log"}, "x", "", nil},
		{0, []string{"graph-limit"}, "x", "", nil},
		{'D', []string{"no-graph"}, "", "", nil},
	}
}

func setInterval(c *config, s string) error {
	d := seconds(s)
	if d < 0 {
		return errors.New("-i cannot have a value smaller than zero")
	}
	c.interval = d
	return nil
}

func setTimeout(c *config, s string) error {
	c.timeout = seconds(s)
	if c.timeout <= 0 {
		return errors.New("-t must be greater than zero")
	}
	return nil
}

// help lists the supported options.
func help() string {
	var b strings.Builder
	b.WriteString("Usage: httping [options] URL\n\n" +
		"A stand-in, bundled with workshop, with the output of httping 2.5.\n\n")
	for _, o := range options() {
		if o.set != nil {
			fmt.Fprintf(&b, "  %-28s %s\n", strings.TrimRight(o.name()+" "+o.arg, " "), o.summary)
		}
	}
	return b.String()
}

// name returns the option as it is typed.
func (o option) name() string {
	var names []string
	if o.short != 0 {
		names = append(names, "-"+string(o.short))
	}
	for _, l := range o.long {
		names = append(names, "--"+l)
	}
	return strings.Join(names, ", ")
}

// usageError is an error in the command line, worded like C's getopt_long.
type usageError string

func (e usageError) Error() string {
	return "httping: " + string(e) + "\n\nPlease run:\n\thttping --help\nto see a list of options.\n"
}

// parse reads a command line as getopt_long does: options may follow arguments, short ones may be
// joined, long ones may be shortened if that is unambiguous.
func parse(args []string) (*config, error) {
	c := &config{
		count: -1, interval: time.Second, timeout: 30 * time.Second,
		method: "HEAD", userAgent: "HTTPing v2.5", okCodes: []string{"200"},
	}
	table := options()
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case arg == "--":
			for _, a := range args {
				c.url = a
			}
			args = nil
		case strings.HasPrefix(arg, "--"):
			args, err = c.long(table, arg[2:], args)
		case len(arg) > 1 && arg[0] == '-':
			args, err = c.short(table, arg[1:], args)
		default:
			c.url = arg
		}
		if err != nil {
			return nil, err
		}
	}
	if c.help || c.version {
		return c, nil
	}
	if c.url == "" {
		c.url = c.host
	}
	if c.url == "" {
		return nil, failure("No URL/host to ping given\n")
	}
	c.target = c.newTarget()
	c.headers = c.newHeaders()
	return c, nil
}

// long applies the long option s and returns the remaining arguments.
func (c *config) long(table []option, s string, rest []string) ([]string, error) {
	name, value, hasValue := strings.Cut(s, "=")
	o, full, err := findLong(table, name)
	switch {
	case err != nil:
		return nil, err
	case hasValue && o.arg == "":
		return nil, usageError("option '" + full + "' doesn't allow an argument")
	case !hasValue && o.arg != "":
		if len(rest) == 0 {
			return nil, usageError("option '" + full + "' requires an argument")
		}
		value, rest = rest[0], rest[1:]
	}
	return rest, c.apply(o, full, value)
}

// findLong finds a long option by its name or an unambiguous beginning of it.
func findLong(table []option, name string) (o option, full string, err error) {
	var found []string
	for _, candidate := range table {
		for _, l := range candidate.long {
			if l == name {
				return candidate, "--" + l, nil
			}
			if strings.HasPrefix(l, name) {
				o = candidate
				found = append(found, "--"+l)
			}
		}
	}
	switch len(found) {
	case 0:
		return o, "", usageError("unrecognized option '--" + name + "'")
	case 1:
		return o, found[0], nil
	default:
		return o, "", usageError("option '--" + name + "' is ambiguous; possibilities: '" + strings.Join(found, "' '") + "'")
	}
}

// short applies the joined short options s and returns the remaining arguments.
func (c *config) short(table []option, s string, rest []string) ([]string, error) {
	for s != "" {
		o, ok := find(table, s[0])
		if !ok {
			return nil, usageError("invalid option -- '" + s[:1] + "'")
		}
		full, value := "-"+s[:1], ""
		s = s[1:]
		if o.arg != "" {
			value, s = s, ""
			if value == "" {
				if len(rest) == 0 {
					return nil, usageError("option requires an argument -- '" + full[1:] + "'")
				}
				value, rest = rest[0], rest[1:]
			}
		}
		if err := c.apply(o, full, value); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func find(table []option, short byte) (option, bool) {
	for _, o := range table {
		if o.short == short {
			return o, true
		}
	}
	return option{}, false
}

func (c *config) apply(o option, name, value string) error {
	if o.set == nil {
		return fmt.Errorf("httping: the bundled httping has no option %s; install the real one to use it", name)
	}
	return o.set(c, value)
}

// newTarget parses the URL as leniently as httping does: the scheme and the path may be missing.
func (c *config) newTarget() target {
	t := target{tls: c.tls}
	rest := c.url
	if s, ok := strings.CutPrefix(rest, "https://"); ok {
		rest, t.tls = s, true
	} else {
		rest = strings.TrimPrefix(rest, "http://")
	}
	host, path, _ := strings.Cut(rest, "/")
	t.path = "/" + path
	scheme := "http"
	t.port = "80"
	if t.tls {
		scheme, t.port = "https", "443"
	}
	if h, p, err := net.SplitHostPort(host); err == nil {
		t.host, t.port = h, strconv.Itoa(atoi(p))
	} else {
		t.host = strings.Trim(host, "[]")
		if c.port != "" {
			t.port = strconv.Itoa(atoi(c.port))
			host += ":" + t.port
		}
	}
	t.url = scheme + "://" + host + t.path
	return t
}

func (c *config) newHeaders() []string {
	h := []string{"User-Agent: " + c.userAgent}
	if c.referer != "" {
		h = append(h, "Referer: "+c.referer)
	}
	if c.noCache {
		h = append(h, "Pragma: no-cache", "Cache-Control: no-cache")
	}
	if c.user != "" {
		h = append(h, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.password)))
	}
	return append(h, c.extra...)
}

// atoi is like C's: the number at the start of s, else 0.
func atoi(s string) int {
	n, _ := strconv.Atoi(numeric(s, "0123456789"))
	return n
}

// seconds is like C's atof: the number at the start of s, else 0.
func seconds(s string) time.Duration {
	f, _ := strconv.ParseFloat(numeric(s, "0123456789."), 64)
	return time.Duration(f * float64(time.Second))
}

// numeric cuts s after the digits at its start, which may have a sign.
func numeric(s, digits string) string {
	sign := ""
	if s != "" && strings.Contains("+-", s[:1]) {
		sign, s = s[:1], s[1:]
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(digits, r) })
	if end >= 0 {
		s = s[:end]
	}
	return sign + s
}
