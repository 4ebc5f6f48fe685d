package parsers

// kubeletFields maps kubelet flags to the KubeletConfiguration fields that replaced them
// (cmd/kubelet/app/options, AddKubeletConfigFlags).
var kubeletFields = map[string]string{
	"address": "address", "port": "port", "read-only-port": "readOnlyPort",
	"anonymous-auth": "authentication.anonymous.enabled", "authentication-token-webhook": "authentication.webhook.enabled",
	"client-ca-file": "authentication.x509.clientCAFile", "authorization-mode": "authorization.mode",
	"allowed-unsafe-sysctls": "allowedUnsafeSysctls", "cgroup-driver": "cgroupDriver", "cgroup-root": "cgroupRoot", "cgroups-per-qos": "cgroupsPerQOS",
	"cluster-dns": "clusterDNS", "cluster-domain": "clusterDomain", "resolv-conf": "resolvConf",
	"container-log-max-files": "containerLogMaxFiles", "container-log-max-size": "containerLogMaxSize",
	"container-runtime-endpoint": "containerRuntimeEndpoint", "image-service-endpoint": "imageServiceEndpoint",
	"cpu-cfs-quota": "cpuCFSQuota", "cpu-cfs-quota-period": "cpuCFSQuotaPeriod", "cpu-manager-policy": "cpuManagerPolicy",
	"cpu-manager-reconcile-period": "cpuManagerReconcilePeriod", "memory-manager-policy": "memoryManagerPolicy", "topology-manager-policy": "topologyManagerPolicy",
	"enable-controller-attach-detach": "enableControllerAttachDetach", "enforce-node-allocatable": "enforceNodeAllocatable",
	"event-burst": "eventBurst", "event-qps": "eventRecordQPS", "kube-api-burst": "kubeAPIBurst", "kube-api-qps": "kubeAPIQPS",
	"eviction-hard": "evictionHard", "eviction-soft": "evictionSoft", "eviction-soft-grace-period": "evictionSoftGracePeriod",
	"eviction-minimum-reclaim": "evictionMinimumReclaim", "eviction-max-pod-grace-period": "evictionMaxPodGracePeriod",
	"eviction-pressure-transition-period": "evictionPressureTransitionPeriod", "fail-swap-on": "failSwapOn", "feature-gates": "featureGates",
	"hairpin-mode": "hairpinMode", "healthz-bind-address": "healthzBindAddress", "healthz-port": "healthzPort",
	"image-gc-high-threshold": "imageGCHighThresholdPercent", "image-gc-low-threshold": "imageGCLowThresholdPercent", "minimum-image-ttl-duration": "imageMinimumGCAge",
	"kube-reserved": "kubeReserved", "kube-reserved-cgroup": "kubeReservedCgroup", "system-reserved": "systemReserved", "system-reserved-cgroup": "systemReservedCgroup",
	"reserved-cpus": "reservedSystemCPUs", "kubelet-cgroups": "kubeletCgroups", "system-cgroups": "systemCgroups",
	"make-iptables-util-chains": "makeIPTablesUtilChains", "iptables-drop-bit": "iptablesDropBit", "iptables-masquerade-bit": "iptablesMasqueradeBit",
	"max-open-files": "maxOpenFiles", "max-pods": "maxPods", "pods-per-core": "podsPerCore", "pod-cidr": "podCIDR", "pod-max-pids": "podPidsLimit",
	"node-status-update-frequency": "nodeStatusUpdateFrequency", "oom-score-adj": "oomScoreAdj", "pod-manifest-path": "staticPodPath",
	"manifest-url": "staticPodURL", "protect-kernel-defaults": "protectKernelDefaults", "registry-burst": "registryBurst", "registry-qps": "registryPullQPS",
	"rotate-certificates": "rotateCertificates", "rotate-server-certificates": "serverTLSBootstrap", "runtime-request-timeout": "runtimeRequestTimeout",
	"serialize-image-pulls": "serializeImagePulls", "streaming-connection-idle-timeout": "streamingConnectionIdleTimeout",
	"sync-frequency": "syncFrequency", "file-check-frequency": "fileCheckFrequency", "http-check-frequency": "httpCheckFrequency",
	"tls-cert-file": "tlsCertFile", "tls-private-key-file": "tlsPrivateKeyFile", "tls-min-version": "tlsMinVersion", "tls-cipher-suites": "tlsCipherSuites",
	"volume-plugin-dir": "volumePluginDir", "volume-stats-agg-period": "volumeStatsAggPeriod", "provider-id": "providerID",
	"register-node": "registerNode", "enable-debugging-handlers": "enableDebuggingHandlers", "seccomp-default": "seccompDefault",
	"authentication-token-webhook-cache-ttl":       "authentication.webhook.cacheTTL",
	"authorization-webhook-cache-authorized-ttl":   "authorization.webhook.cacheAuthorizedTTL",
	"local-storage-capacity-isolation":             "localStorageCapacityIsolation",
	"authorization-webhook-cache-unauthorized-ttl": "authorization.webhook.cacheUnauthorizedTTL",
}

// kubeletLists are the flags that hold several plain values, parted by commas.
var kubeletLists = map[string]bool{"cluster-dns": true, "allowed-unsafe-sysctls": true, "enforce-node-allocatable": true, "tls-cipher-suites": true}

// kubeletPairs are the flags that hold a map, with what parts key from value.
var kubeletPairs = map[string]string{
	"eviction-hard": "<", "eviction-soft": "<", "eviction-soft-grace-period": "=", "eviction-minimum-reclaim": "=",
	"kube-reserved": "=", "system-reserved": "=", "feature-gates": "=",
}

// kubeletBoolean are the flags that take no separate value: the word after "--fail-swap-on" is not its value.
var kubeletBoolean = map[string]bool{
	"anonymous-auth": true, "authentication-token-webhook": true, "cgroups-per-qos": true, "cpu-cfs-quota": true, "fail-swap-on": true,
	"enable-controller-attach-detach": true, "make-iptables-util-chains": true, "protect-kernel-defaults": true, "rotate-certificates": true,
	"rotate-server-certificates": true, "serialize-image-pulls": true, "register-node": true, "enable-debugging-handlers": true,
	"seccomp-default": true, "logtostderr": true, "alsologtostderr": true, "exit-on-lock-contention": true, "allow-privileged": true,
	"local-storage-capacity-isolation": true, "runonce": true, "contention-profiling": true, "experimental-allocatable-ignore-eviction": true,
}
