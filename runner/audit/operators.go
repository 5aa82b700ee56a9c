package audit

// Operator is a kind of change that makes a mutant.
type Operator struct {
	Code    string
	Group   string // steps, world, services
	Summary string
	// Varies marks a difference between machines on which a course is given. A deck that passes all the same
	// has lost nothing: such mutants are reported, and not counted.
	Varies bool

	step  func(*site) []*Mutant // the mutants of a step
	world func(*site) []*Mutant // the mutants of a session
}

// Operators is the table of the changes: a new one is a file mutate_NAME.go and a line here.
func Operators() []*Operator {
	return []*Operator{
		&leftOut, &replacedByTrue, &number, &port, &host, &service, &waitText, &outputText,
		&stopped, &crashed, &closed, &serverError, &empty, &constant, &cut, &slow, &oneCaller,
		&missing, &offline, &locale, &size, &user, &look,
	}
}

// Codes are the codes of the operators.
func Codes() (codes []string) {
	for _, op := range Operators() {
		codes = append(codes, op.Code)
	}
	return codes
}
