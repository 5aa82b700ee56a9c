package engine

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// sample is what the processes of a container use, as GET /containers/{id}/stats says it.
type sample struct {
	Name     string      `json:"name"`
	ID       string      `json:"id"`
	Read     time.Time   `json:"read"`
	PreRead  time.Time   `json:"preread"`
	CPU      cpuStats    `json:"cpu_stats"`
	PreCPU   cpuStats    `json:"precpu_stats"`
	Memory   memoryStats `json:"memory_stats"`
	Pids     pidStats    `json:"pids_stats"`
	Networks trafficOf   `json:"networks,omitempty"`
	Block    blockStats  `json:"blkio_stats"`
}

type (
	cpuStats struct {
		Usage  cpuUsage `json:"cpu_usage"`
		System int64    `json:"system_cpu_usage"` // of the whole machine, in nanoseconds
		Online int      `json:"online_cpus"`
	}
	cpuUsage struct {
		Total int64 `json:"total_usage"` // in nanoseconds
	}
	memoryStats struct {
		Usage int64            `json:"usage"` // in bytes
		Limit int64            `json:"limit"`
		Stats map[string]int64 `json:"stats"`
	}
	pidStats struct {
		Current int `json:"current"`
	}
	trafficOf map[string]traffic // by interface
	traffic   struct {
		Received int64 `json:"rx_bytes"`
		Sent     int64 `json:"tx_bytes"`
	}
	blockStats struct {
		Bytes []blockEntry `json:"io_service_bytes_recursive"`
	}
	blockEntry struct {
		Major int    `json:"major"`
		Minor int    `json:"minor"`
		Op    string `json:"op"`
		Value int64  `json:"value"`
	}
)

// statsInterval is the time between two samples, as in Docker. The share of the processors is
// measured over it.
const statsInterval = time.Second

// stats is GET /containers/{id}/stats: a stream of samples, or one with stream=0. A container that
// does not run has used nothing.
func (e *Engine) stats(w http.ResponseWriter, r *http.Request) error {
	stream := r.URL.Query().Get("stream") == "" || boolean(r, "stream")
	first, err := e.sample(r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	if !stream && boolean(r, "one-shot") {
		_ = enc.Encode(first) // a client that has gone away is no error
		return nil
	}
	ticks := time.NewTicker(statsInterval)
	defer ticks.Stop()
	for last := first; ; {
		select {
		case <-ticks.C:
		case <-r.Context().Done():
			return nil
		}
		next, err := e.sample(first.ID)
		if err != nil {
			return nil // it has been removed
		}
		next.PreRead, next.PreCPU = last.Read, last.CPU
		if enc.Encode(next) != nil || !stream {
			return nil
		}
		if http.NewResponseController(w).Flush() != nil {
			return nil
		}
		last = next
	}
}

// sample measures a container.
func (e *Engine) sample(ref string) (*sample, error) {
	e.mu.Lock()
	c, err := e.findContainer(ref)
	if err != nil {
		e.mu.Unlock()
		return nil, err
	}
	s := &sample{Name: "/" + c.name, ID: c.id, Read: time.Now()}
	ownNetwork, runs, limit := e.places != nil, c.run != nil, c.host.Memory
	e.mu.Unlock()
	if !runs {
		return s, nil
	}
	sessions, err := e.sessionsOf(s.ID)
	if err != nil {
		return s, nil //nolint:nilerr // it has just ended
	}
	all, err := processStats(sessions)
	if err != nil || len(all) == 0 {
		return s, err
	}
	s.CPU.Online, s.CPU.System, s.Memory.Limit = runtime.NumCPU(), machineCPU(), machineMemory()
	if limit > 0 {
		s.Memory.Limit = min(limit, s.Memory.Limit)
	}
	var read, written int64
	for _, p := range all {
		s.CPU.Usage.Total += int64(p.field(14)+p.field(15)+p.field(16)+p.field(17)) * int64(time.Second) / ticksPerSecond
		s.Memory.Usage += int64(p.field(24)) * int64(os.Getpagesize())
		s.Pids.Current += p.field(20) // threads, as in Docker
		io := numbers(filepath.Join(p.dir, "io"))
		read, written = read+io["read_bytes"], written+io["write_bytes"]
	}
	s.Block.Bytes = []blockEntry{{Op: "read", Value: read}, {Op: "write", Value: written}}
	if ownNetwork {
		s.Networks = interfaces(filepath.Join(all[0].dir, "net/dev"))
	}
	return s, nil
}

// numbers reads a file of /proc with a name and a number in each line.
func numbers(path string) map[string]int64 {
	text, _ := os.ReadFile(path) // a process that has ended has used nothing
	out := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			out[strings.TrimSuffix(f[0], ":")] = n
		}
	}
	return out
}

// machineCPU is the time of all processors since the start of the machine, in nanoseconds.
func machineCPU() (total int64) {
	stat, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(stat), "\n")
	for i, field := range strings.Fields(line) {
		if n, err := strconv.ParseInt(field, 10, 64); err == nil && i <= 8 { // later ones are part of earlier ones
			total += n
		}
	}
	return total * int64(time.Second) / ticksPerSecond
}

// machineMemory is the memory of the machine in bytes.
func machineMemory() int64 { return numbers("/proc/meminfo")["MemTotal"] << 10 }

// interfaces reads the bytes that went through each interface of a network but the loopback.
func interfaces(path string) trafficOf {
	text, _ := os.ReadFile(path)
	out := trafficOf{}
	for line := range strings.Lines(string(text)) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		f := strings.Fields(rest)
		if !ok || len(f) < 9 || name == "lo" {
			continue
		}
		received, _ := strconv.ParseInt(f[0], 10, 64)
		sent, _ := strconv.ParseInt(f[8], 10, 64)
		out[name] = traffic{received, sent}
	}
	return out
}
