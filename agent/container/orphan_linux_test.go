package container

// runAgentForTest is what the test binary does when a test starts it as an agent.
func runAgentForTest() {}
