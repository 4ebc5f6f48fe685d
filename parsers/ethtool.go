package parsers

import (
	"regexp"
	"strings"

	"coldcase/fact"
)

// EthtoolFeature is one offload setting of a device. Source: ethtool(8), -k.
type EthtoolFeature struct {
	Device string `cel:"device" json:"device"` // "" when neither text nor artifact names it
	Name   string `cel:"name" json:"name"`     // "tx-checksum-ip-generic"; old versions know only the general names
	On     bool   `cel:"on" json:"on"`
	Fixed  bool   `cel:"fixed" json:"fixed"` // the driver does not let it change
	// Requested is set when someone asked for the opposite of On and the driver has not done it.
	Requested bool `cel:"requested" json:"requested"`
}

// FactKind implements fact.Value.
func (EthtoolFeature) FactKind() fact.Kind { return "ethtool.feature" }

var _ = register(Parser{
	Name:      "ethtool-k",
	Doc:       "ethtool -k of one or several devices (ethtool(8))",
	Artifacts: []string{"node/ethtool-k"},
	Facts:     []fact.Value{EthtoolFeature{}},
	Parse:     parseEthtoolK,
})

var (
	ethtoolHead    = regexp.MustCompile(`^(?:Features|Offload parameters) for (\S+):$`)
	ethtoolFeature = regexp.MustCompile(`^\s*([a-z0-9_-]+): (on|off)(?: \[(fixed|requested on|requested off|not requested)\])?$`)
	// ethtoolError is what ethtool says when a driver lacks a setting, or when a device went away.
	ethtoolError = regexp.MustCompile(`^(?:Cannot get device .*: .*|no offload info available|no feature info available|netlink error: .*|Could not get .*)$`)
	// ethtoolPath finds the device in a file's name: "ethtool_-k_eth0", "ethtool-k/eth0.txt".
	ethtoolPath = regexp.MustCompile(`ethtool[_ -]*(?:-?[kSi]|--show-features|--show-offload)[_ /]([^/\s]+)$`)
)

func parseEthtoolK(in *Input) error {
	device := ethtoolDevice(in)
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		if m := ethtoolHead.FindStringSubmatch(line); m != nil {
			device = m[1]
			in.Skip(n, n)
		} else if m := ethtoolFeature.FindStringSubmatch(line); m != nil {
			in.Emit(n, n, EthtoolFeature{Device: device, Name: m[1], On: m[2] == "on", Fixed: m[3] == "fixed", Requested: strings.HasPrefix(m[3], "requested")})
		} else if ethtoolError.MatchString(line) || isPrompt(line) {
			in.Skip(n, n)
		}
	}
	return nil
}

// ethtoolDevice is the device that the artifact's name or path states.
func ethtoolDevice(in *Input) string {
	if _, device := artifactParts(in.Artifact); device != "" && device != "second" {
		return strings.TrimSuffix(device, "/second")
	}
	path := strings.TrimSuffix(strings.TrimSuffix(in.Path, ".txt"), ".second")
	if m := ethtoolPath.FindStringSubmatch(path); m != nil {
		return m[1]
	}
	return ""
}
