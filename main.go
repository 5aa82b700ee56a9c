// Command workshop makes a deck of workshop slides an executable test suite.
package main

func main() {}
