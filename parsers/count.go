package parsers

import "coldcase/fact"

// Count is one number that only grows between two boots. Two samples of it give a rate.
type Count struct {
	Name   string // the counter's own: "TcpExtListenOverflows", "insert_failed"
	Device string // network device; empty for others
	Cgroup string // path of a cgroup; empty for others
	CPU    int64  // -1 for counts that are not of one CPU
	Value  int64
}

// Counted is a fact that holds counts.
type Counted interface {
	fact.Value
	// Counts lists them. Gauges, which rise and fall, are not among them.
	Counts() []Count
}

// Counts implements Counted.
func (c NetstatCounter) Counts() []Count {
	switch c.Section + c.Name {
	case "TcpRtoAlgorithm", "TcpRtoMin", "TcpRtoMax", "TcpMaxConn", "TcpCurrEstab", "IpForwarding", "IpDefaultTTL":
		return nil
	}
	return []Count{{Name: c.Section + c.Name, CPU: -1, Value: c.Value}}
}

// Counts implements Counted.
func (c ConntrackCPU) Counts() []Count {
	named := func(name string, value int64) Count { return Count{Name: name, CPU: c.CPU, Value: value} }
	return []Count{
		named("found", c.Found), named("invalid", c.Invalid), named("insert", c.Insert), named("insert_failed", c.InsertFailed),
		named("drop", c.Drop), named("early_drop", c.EarlyDrop), named("error", c.Error), named("search_restart", c.SearchRestart),
		named("clash_resolve", c.ClashResolve), named("chaintoolong", c.ChainTooLong),
	}
}
