// Package collect gathers a bundle on a node: it alone runs programs.
//
// Each artifact is a value in a file of its group. An artifact that hangs, fails or is missing costs its own time
// limit and nothing else: the archive is always finished, and says for every artifact what became of it.
//
// It loads no kernel module, signals nobody but its own children, sends nothing over the network but requests to
// the API server, and never fetches a Secret. It judges nothing: that is the analyzer's work.
//
// It gathers on Linux only; on other systems the package holds the parts that work on text.
package collect
