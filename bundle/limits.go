package bundle

// Limits bound what a hostile or broken bundle can cost. Each one that bites becomes a Problem.
type Limits struct {
	Entries   int   // members per case
	EntrySize int64 // bytes of one log or capture member
	Total     int64 // bytes of the whole case after decompression
	Ratio     int64 // decompressed bytes per compressed byte, judged after the first 64 MiB
	Nesting   int   // archives inside archives
	NameLen   int   // bytes of a member name
}

// DefaultLimits fit a large cluster's bundle on a small machine.
func DefaultLimits() Limits {
	return Limits{Entries: 200_000, EntrySize: 16 << 30, Total: 64 << 30, Ratio: 2_000, Nesting: 1, NameLen: 4096}
}
