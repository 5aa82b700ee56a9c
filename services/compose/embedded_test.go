package compose_test

import "testing"

// onEngines runs a test against the engines.
func onEngines(t *testing.T, test func(t *testing.T, host string)) {
	t.Run("docker", func(t *testing.T) { test(t, dockerHost(t)) })
}
