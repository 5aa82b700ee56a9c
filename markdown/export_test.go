package markdown

// Builtin is builtin.
var Builtin = builtin
