package mesos

import "strconv"

// Count is how many there are of something, for people: "1 task", "3 tasks". The
// noun is one that takes an s.
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
