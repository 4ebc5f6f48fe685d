package parsers

import "fmt"

// FactSummary is the fact in one line, for a report: a packet has no text to quote.
func (v PcapCapture) FactSummary() string {
	return fmt.Sprintf("%d packets in %.0f s on %s, %d flows", v.Packets, v.DurationSeconds, v.LinkType, v.Flows)
}

// FactSummary is the fact in one line.
func (v PcapSynUnanswered) FactSummary() string {
	return fmt.Sprintf("%s:%d > %s:%d SYN, sent %d times in %.1f s, no answer", v.Src, v.SrcPort, v.Dst, v.DstPort, v.Attempts, v.Seconds)
}

// FactSummary is the fact in one line.
func (v PcapSynRefused) FactSummary() string {
	return fmt.Sprintf("%s > %s:%d SYN, answered with RST after %.3f ms (window %d, TTL %d), %d times", v.Src, v.Dst, v.DstPort, v.RstAfterMillis, v.Window, v.RstTTL, v.Count)
}

// FactSummary is the fact in one line.
func (v PcapDNSUnanswered) FactSummary() string {
	s := fmt.Sprintf("%s:%d > %s DNS %s %s, id %d, no answer", v.Client, v.SrcPort, v.Server, v.Type, v.Name, v.ID)
	if v.Retries > 0 {
		s += fmt.Sprintf("; asked again %d times, first after %.1f s", v.Retries, v.ResentAfterSeconds)
	}
	if v.SiblingAnswered {
		s += "; the other query of the same socket was answered"
	}
	return s
}

// FactSummary is the fact in one line.
func (v PcapFragNeeded) FactSummary() string {
	packet := ""
	if v.Dst != "" {
		packet = fmt.Sprintf(" (%s to %s)", v.Proto, v.Dst)
	}
	return fmt.Sprintf("%s > %s ICMP packet too big, MTU %d%s, %d times in %.1f s", v.From, v.To, v.MTU, packet, v.Count, v.Seconds)
}
