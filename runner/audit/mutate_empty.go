package audit

var empty = Operator{
	Code: "empty", Group: "services", Summary: "a service answers with an empty body",
	world: eachCall("empty", true, "%s answers %s with an empty body"),
}
