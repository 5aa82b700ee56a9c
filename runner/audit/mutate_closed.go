package audit

var closed = Operator{
	Code: "closed", Group: "services", Summary: "connections to a service are closed at once",
	world: eachCall("closed", false, "%s closes each connection of %s"),
}
