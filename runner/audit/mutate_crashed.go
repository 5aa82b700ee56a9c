package audit

var crashed = Operator{
	Code: "crashed", Group: "services", Summary: "a container of a service is killed when it has started",
	world: eachService("crashed", "the container of %s is killed when it has started"),
}
