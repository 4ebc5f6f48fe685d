//go:build linux

package collect

// What docker believes and what its containerd does are asked apart: after a full disk the two can disagree. The column
// of commands is left out, since commands may hold secrets.
var (
	_ = register(Artifact{
		Name: "node/docker-ps", Path: "node/docker-ps.txt", Group: "kubelet", Privacy: PrivacyWorkload, Timeout: criTimeout,
		Argv: [][]string{{"docker", "ps", "-a", "--format", `table {{.ID}}\t{{.Image}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}`}},
	})
	_ = register(Artifact{
		Name: "node/ctr-tasks", Path: "node/ctr-tasks.txt", Group: "kubelet", Privacy: PrivacyWorkload, Timeout: criTimeout,
		Argv: [][]string{
			{"docker-container-ctr", "-a", "/var/run/docker/containerd/docker-containerd.sock", "-n", "moby", "tasks", "ls"},
			{"ctr", "-n", "moby", "tasks", "ls"},
		},
	})
)
