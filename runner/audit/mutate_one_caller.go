package audit

var oneCaller = Operator{
	Code: "one-caller", Group: "services", Summary: "a service answers one caller at a time",
	world: eachCall("one-caller", true, "%s answers %s one at a time"),
}
