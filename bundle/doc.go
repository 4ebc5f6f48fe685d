// Package bundle is the archive that collector and analyzer agree on, and the reading of everybody else's.
//
// It streams: a bundle is read once, front to back, in bounded memory, and nothing is ever written to disk.
// It knows where artifacts lie and whether they are whole. It does not know what is in them.
package bundle
