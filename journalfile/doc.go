// Package journalfile turns the files of systemd-journald into text: the form that `journalctl -o export` prints.
//
// A file is read once from its start to its end, so it may come out of an archive. It follows systemd's
// JOURNAL_FILE_FORMAT: regular and compact files, values compressed with xz, lz4 and zstd, sealed, rotated, online and
// broken ones. Objects are read in the order in which they were appended, which is the order of the entries; an entry
// refers back to values that came before it, and these are held in bounded memory. Nothing is trusted: sizes and
// offsets are checked, and behind damage reading goes on at the next object. It verifies no seals and no hashes.
package journalfile
