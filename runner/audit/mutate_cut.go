package audit

var cut = Operator{
	Code: "cut", Group: "services", Summary: "the bodies of a service end in the middle",
	world: eachCall("cut", true, "%s sends %s half of each body"),
}
