package analyze

import "coldcase/fact"

// derivation computes facts from facts: what needs a join that conditions should not do, such as a longest-prefix
// match. A derived fact keeps the sources of all that it was computed from.
type derivation struct {
	zero     fact.Value
	from     []fact.Kind
	optional map[fact.Kind]bool // inputs that refine the result but are not needed
	rows     func(*store) []*row
	// open lists what else would have to be collected before the absence of a row means anything; nil: nothing.
	open func(*store, Subject, knower) []gap
}

// knower is store.known, handed in so that derivations need not name the table that they stand in.
type knower func(fact.Kind, Subject) (bool, []gap)

// derivations are all of them, by the kind that they make.
var derivations = map[fact.Kind]derivation{
	IPVSExpected{}.FactKind():      ipvsExpected,
	PodRoute{}.FactKind():          podRoute,
	DfDirectory{}.FactKind():       dfDirectory,
	IptablesBackends{}.FactKind():  iptablesBackends,
	SchedulingReason{}.FactKind():  schedulingReason,
	RuntimeDesync{}.FactKind():     runtimeDesync,
	ForeignProcess{}.FactKind():    foreignProcess,
	OrphanShim{}.FactKind():        orphanShim,
	ServiceForwarding{}.FactKind(): serviceForwarding,
	SigkillCause{}.FactKind():      sigkillCause,
	ServiceBacking{}.FactKind():    serviceBacking,
	IngressBackend{}.FactKind():    ingressBackend,
	SynPath{}.FactKind():           synPath,
	TunnelMTU{}.FactKind():         tunnelMTU,
	NodeAsymmetry{}.FactKind():     nodeAsymmetry,

	"clash.pod-ip":   podIPClash,
	"clash.node-ip":  nodeIPClash,
	"clash.pod-cidr": podCIDRClash,
	"clash.mac":      macClash,
	"clash.mtu":      mtuClash,
	"pod.next-hop":   podNextHop,

	"nstat.rate":     rateOf("netstat.counter"),
	"vmstat.rate":    rateOf("vmstat.counter"),
	"conntrack.rate": rateOf("conntrack.cpu"),
	"softnet.rate":   rateOf("softnet.cpu"),
	"pressure.rate":  rateOf("pressure.stall"),
	"ethtool.rate":   rateOf("ethtool.stat"),
	"cgroup.rate":    rateOf("cgroup.counter"),
}

// derive computes all derived facts.
func derive(s *store) map[fact.Kind][]*row {
	out := map[fact.Kind][]*row{}
	for kind, d := range derivations {
		out[kind] = d.rows(s)
	}
	return out
}
