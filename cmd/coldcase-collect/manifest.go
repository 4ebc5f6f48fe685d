//go:build linux

package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed manifest.yaml
var manifestText string

var (
	imageName     = regexp.MustCompile(`^[a-z0-9][a-zA-Z0-9._/:@-]{0,254}$`)
	namespaceName = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
)

// podNetworkMark begins the manifest's lines that only --pod-networks needs.
const podNetworkMark = "#pod-networks#"

func manifestCommand() *cobra.Command {
	var image, namespace string
	podNetworks := false
	cmd := &cobra.Command{
		Use: "manifest", Short: "Print the Kubernetes objects with which to gather a whole cluster", Args: cobra.NoArgs,
		Long: `Prints a namespace, a ServiceAccount with a role that can only read, and a DaemonSet, with the commands that
gather a bundle from every node and remove everything again. Nothing is applied.`,
		Example: `  coldcase-collect manifest --image registry.example/coldcase-collect:0.1.0 > coldcase.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := manifestYAML(image, namespace, podNetworks)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().StringVar(&image, "image", "", "`image` that holds this program as /coldcase-collect (docs/collecting.md: three lines make one)")
	cmd.Flags().StringVar(&namespace, "namespace", "coldcase", "`name` of the namespace that is made, and removed again")
	cmd.Flags().BoolVar(&podNetworks, "pod-networks", false, "also allow to enter the pods' network namespaces, which takes CAP_SYS_ADMIN")
	return cmd
}

// manifestYAML fills the template in. Both names are checked, so that they need no quoting in YAML or in a shell.
func manifestYAML(image, namespace string, podNetworks bool) (string, error) {
	if !imageName.MatchString(image) {
		return "", usage("every node must be able to pull it; docs/collecting.md shows how to make one", "--image: %q is no name of an image", image)
	}
	switch {
	case !namespaceName.MatchString(namespace):
		return "", usage("small letters, digits and -", "--namespace: %q is no name of a namespace", namespace)
	case namespace == "default" || strings.HasPrefix(namespace, "kube-"):
		return "", usage("choose one that does not exist yet", "--namespace: %q would be deleted with everything in it", namespace)
	}
	var b strings.Builder
	for line := range strings.Lines(manifestText) {
		if before, rest, marked := strings.Cut(line, podNetworkMark); marked {
			if !podNetworks {
				continue
			}
			line = before + rest
		}
		b.WriteString(line)
	}
	return strings.NewReplacer("IMAGE", image, "NAMESPACE", namespace).Replace(b.String()), nil
}
