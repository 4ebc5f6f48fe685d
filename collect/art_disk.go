//go:build linux

package collect

var (
	_ = register(Artifact{Name: "node/df", Path: "node/df.txt", Group: "disk", Privacy: PrivacySystem, Argv: [][]string{{"df", "-kP"}}, Native: nativeDf})
	_ = register(Artifact{Name: "node/df-inodes", Path: "node/df-inodes.txt", Group: "disk", Privacy: PrivacySystem, Argv: [][]string{{"df", "-iP"}}, Native: nativeDfInodes})
)
