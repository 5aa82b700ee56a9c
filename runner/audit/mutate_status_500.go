package audit

var serverError = Operator{
	Code: "status-500", Group: "services", Summary: "a service answers with an error",
	world: eachCall("status-500", true, "%s answers %s with an error"),
}
