package logscan

const commonTrigrams = ``
