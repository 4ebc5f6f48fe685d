package parsers

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"coldcase/fact"
)

// Bounds of what is kept of a list of processes: those that use most, those that are stuck, and those of Kubernetes.
const (
	psTop   = 15
	psStuck = 100
)

// Process is one process. Columns that the list does not have are empty, and -1 for numbers. Source: ps(1).
type Process struct {
	PID     int64   `cel:"pid" json:"pid"`
	PPID    int64   `cel:"ppid" json:"ppid"`
	User    string  `cel:"user" json:"user"`       // name or number
	Stat    string  `cel:"stat" json:"stat"`       // "Ssl", "D", "Z"
	RSS     int64   `cel:"rss" json:"rss"`         // KiB
	CPU     float64 `cel:"cpu" json:"cpu"`         // percent of one CPU over the process's whole life
	Seconds int64   `cel:"seconds" json:"seconds"` // since it began
	Wchan   string  `cel:"wchan" json:"wchan"`     // kernel function that it sleeps in
	Comm    string  `cel:"comm" json:"comm"`       // program, without path and arguments: "mysqld", "[kworker/0:1]"
	Args    string  `cel:"args" json:"args"`
	Threads int64   `cel:"threads" json:"threads"`
	Cgroup  string  `cel:"cgroup" json:"cgroup"` // as /proc/PID/cgroup has it, "0::/system.slice/sshd.service"; may be cut off
	Kernel  bool    `cel:"kernel" json:"kernel"` // a thread of the kernel
}

// FactKind implements fact.Value.
func (Process) FactKind() fact.Kind { return "process" }

// ProcessSummary counts all processes of the list.
type ProcessSummary struct {
	Total   int64 `cel:"total" json:"total"`
	Threads int64 `cel:"threads" json:"threads"` // of all processes; -1 without an NLWP column
	D       int64 `cel:"d" json:"d"`             // in uninterruptible sleep
	Zombie  int64 `cel:"zombie" json:"zombie"`   // ended, and not waited for by their parents
	// ZombieParent is the parent of most zombies, and ZombieMost how many it has; 0 without a PPID column.
	ZombieParent int64 `cel:"zombieParent" json:"zombieParent"`
	ZombieMost   int64 `cel:"zombieMost" json:"zombieMost"`
}

// FactKind implements fact.Value.
func (ProcessSummary) FactKind() fact.Kind { return "process.summary" }

var _ = register(Parser{
	Name:      "ps",
	Doc:       "ps with a header: ps -ef, ps aux, ps -eo COLUMNS (ps(1)); the command is the last column",
	Artifacts: []string{"node/ps"},
	Facts:     []fact.Value{Process{}, ProcessSummary{}, KubeProxySetting{}, ContainerShim{}},
	Parse:     parsePs,
})

// psLine is a process and where it stands.
type psLine struct {
	Process
	line int
}

func parsePs(in *Input) error {
	var header []string
	var all []psLine
	head := 0
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		f := strings.Fields(line)
		switch {
		case psHeader(f):
			header = f
			if head == 0 {
				head = n
			}
			in.Skip(n, n)
		case header != nil:
			if p, ok := psProcess(header, f); ok {
				all = append(all, psLine{p, n})
				in.Skip(n, n)
			}
		case isPrompt(line):
			in.Skip(n, n)
		}
	}
	if len(all) == 0 {
		return nil
	}
	in.Emit(head, head, psSummary(all))
	for _, p := range psWorth(all) {
		in.Emit(p.line, p.line, p.Process)
	}
	for _, p := range all {
		kubeProxyProcess(in, p.line, p.Process)
		shimProcess(in, p.line, p.Process)
	}
	return nil
}

func psHeader(f []string) bool {
	pid := false
	for _, w := range f {
		pid = pid || w == "PID"
	}
	if !pid || len(f) < 3 {
		return false
	}
	switch f[len(f)-1] {
	case "COMMAND", "CMD", "ARGS":
		return true
	}
	return false
}

// psProcess reads one row by the header's words; the last one takes the rest of the line.
func psProcess(header, f []string) (Process, bool) {
	p := Process{PPID: -1, RSS: -1, CPU: -1, Seconds: -1, Threads: -1}
	if len(f) < len(header) {
		return p, false
	}
	ok := false
	for i, name := range header[:len(header)-1] {
		n, err := strconv.ParseInt(f[i], 10, 64)
		number := func(to *int64) {
			if err == nil {
				*to = n
			}
		}
		switch name {
		case "PID":
			p.PID, ok = n, err == nil && n > 0
		case "PPID":
			number(&p.PPID)
		case "USER", "UID", "RUSER", "EUSER":
			p.User = f[i]
		case "STAT", "S":
			p.Stat = f[i]
		case "RSS", "RSZ":
			number(&p.RSS)
		case "%CPU":
			if cpu, err := strconv.ParseFloat(f[i], 64); err == nil {
				p.CPU = cpu
			}
		case "ELAPSED":
			number(&p.Seconds)
		case "NLWP", "THCNT":
			number(&p.Threads)
		case "WCHAN":
			p.Wchan = f[i]
		case "CGROUP":
			p.Cgroup = f[i]
		}
	}
	p.Args = strings.Join(f[len(header)-1:], " ")
	p.Comm = psComm(p.Args)
	p.Kernel = strings.HasPrefix(p.Args, "[") && p.Stat != "" && p.Stat[0] != 'Z'
	return p, ok
}

// psComm is the program of a command line: the last part of its path, without a login shell's dash and a title's colon.
func psComm(args string) string {
	if strings.HasPrefix(args, "[") {
		return strings.TrimSuffix(args, " <defunct>")
	}
	word, _, _ := strings.Cut(args, " ")
	word = strings.TrimSuffix(strings.TrimPrefix(word, "-"), ":")
	return word[strings.LastIndexByte(word, '/')+1:]
}

func psSummary(all []psLine) ProcessSummary {
	s := ProcessSummary{Total: int64(len(all))}
	zombies := map[int64]int64{}
	for _, p := range all {
		if p.Threads < 0 {
			s.Threads = -1
		} else if s.Threads >= 0 {
			s.Threads += p.Threads
		}
		switch {
		case strings.HasPrefix(p.Stat, "D"):
			s.D++
		case strings.HasPrefix(p.Stat, "Z"), p.Stat == "" && strings.HasSuffix(p.Args, "<defunct>"):
			s.Zombie++
			if p.PPID >= 0 {
				zombies[p.PPID]++
			}
		}
	}
	for parent, n := range zombies {
		if n > s.ZombieMost || n == s.ZombieMost && parent < s.ZombieParent {
			s.ZombieParent, s.ZombieMost = parent, n
		}
	}
	return s
}

// psKnown are the programs that a node of Kubernetes runs.
var psKnown = regexp.MustCompile(`^(?:kubelet|kube-.*|containerd|dockerd|crio|etcd|k3s|rke2|calico-node|cilium-agent|flanneld)$`)

// psWorth picks what is worth a fact, in the order of the list.
func psWorth(all []psLine) []psLine {
	keep := map[int]bool{}
	stuck := 0
	parents := map[int64]bool{}
	for i, p := range all {
		if p.Stat != "" && strings.IndexByte("DZ", p.Stat[0]) >= 0 && stuck < psStuck {
			stuck++
			keep[i] = true
			parents[p.PPID] = p.Stat[0] == 'Z'
		}
		if psKnown.MatchString(p.Comm) {
			keep[i] = true
		}
	}
	byUse := make([]int, len(all))
	for i := range all {
		byUse[i] = i
		if parents[all[i].PID] {
			keep[i] = true
		}
	}
	for _, use := range []func(int) float64{func(i int) float64 { return float64(all[i].RSS) }, func(i int) float64 { return all[i].CPU }} {
		sort.SliceStable(byUse, func(a, b int) bool { return use(byUse[a]) > use(byUse[b]) })
		for _, i := range byUse[:min(psTop, len(byUse))] {
			if use(i) > 0 {
				keep[i] = true
			}
		}
	}
	var out []psLine
	for i, p := range all {
		if keep[i] {
			out = append(out, p)
		}
	}
	return out
}
