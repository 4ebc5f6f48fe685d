// Package pseudonym replaces what names a customer's machines in a bundle, so that the bundle can leave the house.
//
// IP addresses are mapped by a keyed, prefix-preserving permutation (Crypto-PAn: Xu, Fan, Ammar, Moon, "On the Design
// and Performance of Prefix-Preserving IP Traffic Trace Anonymization", 2001), MAC addresses by a keyed permutation,
// and the names of hosts, nodes, namespaces and pods by keyed tokens. All are functions of the key alone, so bundles
// of several nodes fit together without any connection between the nodes.
//
// With the key, addresses are computed back; names are looked up in a table that stays beside the key. It finds names
// only when it was told them, and knows nothing of artifacts, of the archive or of who collects.
package pseudonym
