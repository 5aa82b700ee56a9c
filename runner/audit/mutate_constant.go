package audit

var constant = Operator{
	Code: "constant", Group: "services", Summary: "a service answers the same each time",
	world: eachCall("constant", true, "%s answers %s the same each time"),
}
