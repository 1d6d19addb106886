// Package deptest holds the house together: which room may import which, and
// what the cores may never touch. There are only tests in it.
package deptest
