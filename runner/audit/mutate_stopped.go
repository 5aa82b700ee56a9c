package audit

var stopped = Operator{
	Code: "stopped", Group: "services", Summary: "a container of a service is stopped when it has started",
	world: eachService("stopped", "the container of %s is stopped when it has started"),
}
