//go:build !linux

package bench

// kindsOfContainers are those that this system has.
func kindsOfContainers() []kindOfContainer {
	return []kindOfContainer{{name: "posix/cpu, posix/mem", goal: 300, prepare: func(string) ([]string, error) {
		return []string{"--isolation=posix/cpu,posix/mem"}, nil
	}}}
}
