package compose

import "time"

// The types below hold the fields of the Engine API that are used here. Their names are the API's.

// summary is an element of GET /containers/json.
type summary struct {
	ID      string `json:"Id"`
	Names   []string
	Image   string
	ImageID string
	Command string
	Created int64
	Status  string
	State   string
	Labels  map[string]string
	Ports   []portSummary
}

type portSummary struct {
	IP          string
	PrivatePort int
	PublicPort  int
	Type        string
}

// inspection is the answer of GET /containers/{id}/json.
type inspection struct {
	ID      string `json:"Id"`
	Created time.Time
	Image   string
	Name    string
	State   struct {
		Status     string
		Running    bool
		Paused     bool
		Restarting bool
		ExitCode   int
		StartedAt  time.Time
		Health     *struct {
			Status string
			Log    []struct{ Output string } // of the last checks
		}
	}
	Config struct {
		Image      string
		Tty        bool
		Cmd        []string
		Entrypoint []string
		Labels     map[string]string
		Volumes    map[string]struct{}
	}
	HostConfig struct {
		LogConfig struct{ Type string }
	}
	Mounts []struct {
		Type        string
		Name        string
		Source      string
		Destination string
	}
	NetworkSettings struct {
		Ports map[string][]portBinding
	}
}

// image is the answer of GET /images/{name}/json.
type image struct {
	ID           string `json:"Id"`
	RepoTags     []string
	Size         int64
	Created      time.Time
	Os           string
	Architecture string
	Variant      string
	Metadata     struct{ LastTagTime time.Time }
	Config       struct {
		Volumes map[string]struct{}
	}
}

// createRequest is the body of POST /containers/create.
type createRequest struct {
	Hostname         string              `json:",omitempty"`
	Domainname       string              `json:",omitempty"`
	User             string              `json:",omitempty"`
	AttachStdin      bool                `json:",omitempty"`
	AttachStdout     bool                `json:",omitempty"`
	AttachStderr     bool                `json:",omitempty"`
	ExposedPorts     map[string]struct{} `json:",omitempty"`
	Tty              bool                `json:",omitempty"`
	OpenStdin        bool                `json:",omitempty"`
	StdinOnce        bool                `json:",omitempty"`
	Env              []string            `json:",omitempty"`
	Cmd              []string            `json:",omitempty"`
	Healthcheck      *healthcheck        `json:",omitempty"`
	Image            string
	Volumes          map[string]struct{} `json:",omitempty"`
	WorkingDir       string              `json:",omitempty"`
	Entrypoint       []string            `json:",omitempty"`
	Labels           map[string]string   `json:",omitempty"`
	StopSignal       string              `json:",omitempty"`
	StopTimeout      *int                `json:",omitempty"`
	HostConfig       hostConfig
	NetworkingConfig *networkingConfig `json:",omitempty"`
}

type healthcheck struct {
	Test        []string `json:",omitempty"`
	Interval    int64    `json:",omitempty"` // nanoseconds, like the two below
	Timeout     int64    `json:",omitempty"`
	StartPeriod int64    `json:",omitempty"`
	Retries     int      `json:",omitempty"`
}

type hostConfig struct {
	Binds           []string                 `json:",omitempty"`
	AutoRemove      bool                     `json:",omitempty"`
	PublishAllPorts bool                     `json:",omitempty"`
	LogConfig       logConfig                `json:"LogConfig"`
	NetworkMode     string                   `json:",omitempty"`
	PortBindings    map[string][]portBinding `json:",omitempty"`
	RestartPolicy   restartPolicy
	VolumesFrom     []string          `json:",omitempty"`
	Mounts          []mount           `json:",omitempty"`
	CapAdd          []string          `json:",omitempty"`
	CapDrop         []string          `json:",omitempty"`
	CgroupParent    string            `json:",omitempty"`
	DNS             []string          `json:"Dns,omitempty"`
	DNSOptions      []string          `json:"DnsOptions,omitempty"`
	DNSSearch       []string          `json:"DnsSearch,omitempty"`
	ExtraHosts      []string          `json:",omitempty"`
	GroupAdd        []string          `json:",omitempty"`
	IpcMode         string            `json:",omitempty"`
	PidMode         string            `json:",omitempty"`
	UTSMode         string            `json:",omitempty"`
	UsernsMode      string            `json:",omitempty"`
	Links           []string          `json:",omitempty"`
	OomKillDisable  bool              `json:",omitempty"`
	OomScoreAdj     int64             `json:",omitempty"`
	Privileged      bool              `json:",omitempty"`
	ReadonlyRootfs  bool              `json:",omitempty"`
	SecurityOpt     []string          `json:",omitempty"`
	StorageOpt      map[string]string `json:",omitempty"`
	Tmpfs           map[string]string `json:",omitempty"`
	ShmSize         int64             `json:",omitempty"`
	Sysctls         map[string]string `json:",omitempty"`
	Runtime         string            `json:",omitempty"`
	Init            *bool             `json:",omitempty"`
	CPUShares       int64             `json:"CpuShares,omitempty"`
	CPUPeriod       int64             `json:"CpuPeriod,omitempty"`
	CPUQuota        int64             `json:"CpuQuota,omitempty"`
	CpusetCpus      string            `json:",omitempty"`
	NanoCPUs        int64             `json:"NanoCpus,omitempty"`
	Memory          int64             `json:",omitempty"`
	MemoryReserved  int64             `json:"MemoryReservation,omitempty"`
	MemorySwap      int64             `json:",omitempty"`
	PidsLimit       int64             `json:",omitempty"`
	Devices         []device          `json:",omitempty"`
	Ulimits         []ulimit          `json:",omitempty"`
}

type logConfig struct {
	Type   string
	Config map[string]string
}

type portBinding struct {
	HostIP   string `json:"HostIp"`
	HostPort string
}

type restartPolicy struct {
	Name              string
	MaximumRetryCount int
}

type mount struct {
	Type          string
	Source        string `json:",omitempty"`
	Target        string
	ReadOnly      bool           `json:",omitempty"`
	BindOptions   map[string]any `json:",omitempty"`
	VolumeOptions map[string]any `json:",omitempty"`
	TmpfsOptions  map[string]any `json:",omitempty"`
}

type device struct{ PathOnHost, PathInContainer, CgroupPermissions string }

type ulimit struct {
	Name       string
	Soft, Hard int
}

type networkingConfig struct{ EndpointsConfig map[string]*endpoint }

type endpoint struct {
	Aliases    []string    `json:",omitempty"`
	IPAMConfig *ipamConfig `json:",omitempty"`
	MacAddress string      `json:",omitempty"`
}

type ipamConfig struct {
	IPv4Address  string   `json:",omitempty"`
	IPv6Address  string   `json:",omitempty"`
	LinkLocalIPs []string `json:",omitempty"`
}

// networkRequest is the body of POST /networks/create.
type networkRequest struct {
	Name           string
	CheckDuplicate bool
	Driver         string            `json:",omitempty"`
	Internal       bool              `json:",omitempty"`
	Attachable     bool              `json:",omitempty"`
	EnableIPv6     bool              `json:",omitempty"`
	IPAM           *networkIPAM      `json:",omitempty"`
	Options        map[string]string `json:",omitempty"`
	Labels         map[string]string `json:",omitempty"`
}

type networkIPAM struct {
	Driver  string            `json:",omitempty"`
	Config  []ipamPool        `json:",omitempty"`
	Options map[string]string `json:",omitempty"`
}

type ipamPool struct {
	Subnet             string            `json:",omitempty"`
	IPRange            string            `json:",omitempty"`
	Gateway            string            `json:",omitempty"`
	AuxiliaryAddresses map[string]string `json:",omitempty"`
}

// volumeRequest is the body of POST /volumes/create.
type volumeRequest struct {
	Name       string
	Driver     string            `json:",omitempty"`
	DriverOpts map[string]string `json:",omitempty"`
	Labels     map[string]string `json:",omitempty"`
}

// event is an element of the stream of GET /events.
type event struct {
	Type   string
	Action string
	Actor  struct {
		ID         string
		Attributes map[string]string
	}
	Time     int64 `json:"time"`
	TimeNano int64 `json:"timeNano"`
}
