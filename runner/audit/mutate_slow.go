package audit

var slow = Operator{
	Code: "slow", Group: "services", Summary: "a service answers 100 ms later",
	world: eachCall("slow", true, "%s answers %s 100 ms later"),
}
