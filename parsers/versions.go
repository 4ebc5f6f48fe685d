package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// ProgramVersion is the version of one program or package that matters to a cluster node.
type ProgramVersion struct {
	// Program is kubelet, kube-proxy, kubectl, kube-apiserver, containerd, docker, docker-cli, runc, crio, crictl, k3s,
	// iptables, ip6tables, ipset, ipvsadm, conntrack, iproute2 or nft.
	Program string `cel:"program" json:"program"`
	Version string `cel:"version" json:"version"` // upstream version without a leading v: "1.20.6"
	Backend string `cel:"backend" json:"backend"` // of iptables: "nf_tables" or "legacy"
	Text    string `cel:"text" json:"text"`       // as printed
}

// FactKind implements fact.Value.
func (ProgramVersion) FactKind() fact.Kind { return "version" }

var _ = register(Parser{
	Name:      "versions",
	Doc:       "--version output of node programs, crictl version, docker version, rpm -qa and dpkg -l",
	Artifacts: []string{"node/versions"},
	Facts:     []fact.Value{ProgramVersion{}},
	Parse:     parseVersions,
})

var (
	versionHeading = regexp.MustCompile(`^(?:\[[^\]\s]+@[^\]]*\]\s?|[\w.-]+@[\w.-]+:?\S*\s?)?(?:[#$+]|==+>?|\*\*+|--+)\s*(?:\S*/)?([\w.-]+).*$`)
	versionKube    = regexp.MustCompile(`^Kubernetes v(\d\S*)`)
	versionLoose   = regexp.MustCompile(`^v?(\d+\.\d+\.\d+\S*)$`)
	versionField   = regexp.MustCompile(`^\s*([A-Z]\w*(?: Version)?):\s*(.*)$`)
	versionInfo    = regexp.MustCompile(`GitVersion:"v?([^"]+)"`)
	versionNoise   = regexp.MustCompile(`(?i)^\s*(?:commit|spec|go|go version|libseccomp|git ?commit|git ?tree ?state|build ?date|built|buildtime|compiler|platform|linkmode|` +
		`build ?tags|ldflags|seccomp ?enabled|apparmor ?enabled|dependencies|api version|os/arch|context|experimental|kustomize version|runtimeapiversion|minapiversion|` +
		`desired=|\| status=|\|/ err|\|\|/ |\+\+\+-)`)
)

// versionLines are the programs that name themselves; the first group is the version.
var versionLines = []struct {
	program string
	re      *regexp.Regexp
}{
	{"containerd", regexp.MustCompile(`^containerd \S+ v?(\d\S*)`)},
	{"docker", regexp.MustCompile(`^Docker version (\d[^\s,]*)`)},
	{"runc", regexp.MustCompile(`^runc version v?(\d\S*)`)},
	{"crio", regexp.MustCompile(`^crio version v?(\d\S*)`)},
	{"crictl", regexp.MustCompile(`^crictl version v?(\d\S*)`)},
	{"k3s", regexp.MustCompile(`^k3s version v?(\d\S*)`)},
	{"iptables", regexp.MustCompile(`^iptables v(\d[\w.]*)`)},
	{"ip6tables", regexp.MustCompile(`^ip6tables v(\d[\w.]*)`)},
	{"ipset", regexp.MustCompile(`^ipset v(\d[\w.]*), protocol`)},
	{"ipvsadm", regexp.MustCompile(`^ipvsadm v(\d[\w.]*)`)},
	{"conntrack", regexp.MustCompile(`^conntrack v(\d[\w.]*) \(conntrack-tools\)$`)},
	{"iproute2", regexp.MustCompile(`^ip utility, iproute2-([^\s,]+)`)},
	{"nft", regexp.MustCompile(`^nftables v(\d[\w.]*)`)},
}

// versionState is where in a concatenation of outputs a line stands.
type versionState struct {
	in      *Input
	command string // of the section's heading
	block   string // of docker version: client, engine, containerd, runc
	runtime string // crictl's RuntimeName
	crio    bool   // crio already named its version: it prints it twice
}

func parseVersions(in *Input) error {
	st := &versionState{in: in}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if p, ok := versionPackage(line); ok {
			if p.Program != "" {
				in.Emit(n, n, p)
			}
			in.Skip(n, n)
			continue
		}
		if m := versionHeading.FindStringSubmatch(line); m != nil {
			*st = versionState{in: in, command: m[1]}
			in.Skip(n, n)
			continue
		}
		if versionNoise.MatchString(line) || versionError(line) {
			in.Skip(n, n)
			continue
		}
		st.line(n, line)
	}
	return nil
}

// versionError holds the complaints of programs that answered nevertheless, or of shells that found none.
func versionError(line string) bool {
	return collectionErrors.MatchString(line) || strings.Contains(line, "Cannot connect to") || strings.Contains(line, "Failed to initialize") ||
		strings.Contains(line, "Unable to initialize") || strings.Contains(line, "Can't open handler") || strings.Contains(line, "Cannot open session") ||
		strings.Contains(line, "mnl_socket_open") || strings.HasPrefix(line, "WARN") || strings.HasPrefix(line, "time=")
}

func (st *versionState) line(n int, line string) {
	for _, p := range versionLines {
		if m := p.re.FindStringSubmatch(line); m != nil {
			st.emit(n, p.program, m[1], line)
			return
		}
	}
	if m := versionKube.FindStringSubmatch(line); m != nil {
		program := "kubelet"
		if st.command == "kube-proxy" || st.command == "kubectl" || st.command == "kube-apiserver" {
			program = st.command
		}
		st.emit(n, program, m[1], line)
		return
	}
	if m := versionLoose.FindStringSubmatch(line); m != nil && versionPrograms[st.command] != "" {
		st.emit(n, versionPrograms[st.command], m[1], line)
		return
	}
	st.field(n, line)
}

// field reads the outputs that print "Key: value": crictl version, docker version, kubectl version, crio version.
func (st *versionState) field(n int, line string) {
	m := versionField.FindStringSubmatch(line)
	if m == nil {
		if s := strings.TrimSpace(line); s == "containerd:" || s == "runc:" || s == "docker-init:" {
			st.block = strings.TrimSuffix(s, ":")
			st.in.Skip(n, n)
		}
		return
	}
	key, value := m[1], strings.TrimSpace(m[2])
	if g := versionInfo.FindStringSubmatch(value); g != nil {
		value = g[1]
	}
	value = strings.TrimPrefix(value, "v")
	st.in.Skip(n, n)
	switch key {
	case "Client", "Server", "Engine":
		st.block = key
	case "Client Version":
		st.emit(n, "kubectl", value, line)
	case "Server Version":
		st.emit(n, "kube-apiserver", value, line)
	case "RuntimeName":
		st.runtime = value
	case "RuntimeVersion":
		st.emit(n, versionPrograms[st.runtime], value, line)
	case "Version":
		blocks := map[string]string{"Client": "docker-cli", "Engine": "docker", "Server": "docker", "containerd": "containerd", "runc": "runc"}
		if program := blocks[st.block]; program != "" {
			st.emit(n, program, value, line)
		} else if st.command == "crio" && !st.crio {
			st.emit(n, "crio", value, line)
		}
	}
}

func (st *versionState) emit(n int, program, version, line string) {
	if program == "" || version == "" {
		return
	}
	line = strings.TrimSpace(line)
	p := ProgramVersion{Program: program, Version: strings.TrimSuffix(version, ","), Text: line}
	if program == "iptables" || program == "ip6tables" {
		p.Backend = "legacy" // before 1.8 there was no other and it was not printed
		if strings.Contains(line, "nf_tables") {
			p.Backend = "nf_tables"
		}
	}
	st.crio = st.crio || program == "crio"
	st.in.Emit(n, n, p)
}
