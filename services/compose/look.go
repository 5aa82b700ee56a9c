package compose

import "strings"

// style is the appearance of the command and, in a few places, its behaviour. Each Look
// has one. Its parts print to stdout, report progress and word errors; they send no
// requests to the engine.
type style struct {
	traits
	shell      shellLook
	create     createLook
	up         upLook
	operations operationLook
	resources  resourceLook
	build      buildLook
	logs       logsLook
	ps         psLook
	top        topLook
	images     imagesLook
	config     configLook
}

// traits are the data of a style.
type traits struct {
	look         Look
	separator    string // between the parts of the names of containers and images
	version      string // of the imitated command
	interspersed bool   // options may follow operands
	asksFirst    bool   // `down` asks whether a network or volume exists before it removes it
	createsFirst bool   // `up` creates all containers before it starts one; `down` stops and removes each at once
	stopping     string // the message at ^C during `up`
	stopped      error  // the result of `up` after ^C
	killedStatus int    // the exit status of `up` after a second ^C; 0: as after the first
	stopsDead    bool   // `up` also stops containers that have ended
	aborting     string // the message when a container ends during `up --abort-on-container-exit`
}

// styleV1 is the style of docker-compose 1.29.2.
func styleV1() *style {
	return &style{
		traits: traits{
			look:         V1,
			separator:    "_",
			version:      "1.29.2",
			stopping:     "Gracefully stopping... (press Ctrl+C again to force)",
			killedStatus: 2,
			aborting:     "Aborting on container exit...",
		},
		shell:      v1Shell{},
		create:     v1Create{},
		up:         v1Up{},
		operations: v1Operation{},
		resources:  v1Resource{},
		build:      v1Build{},
		logs:       v1LogsLook{},
		ps:         v1Ps{},
		top:        v1Top{},
		images:     v1Images{},
		config:     v1Config{},
	}
}

// styleV5 is the style of docker compose 5.6.0.
func styleV5() *style {
	return &style{
		traits: traits{
			look:         V5,
			separator:    "-",
			version:      "5.6.0",
			interspersed: true,
			asksFirst:    true,
			createsFirst: true,
			stopping:     "Gracefully Stopping... press Ctrl+C again to force",
			stopped:      exitError(130),
			aborting:     "Aborting on container exit...",
			stopsDead:    true,
		},
		shell:      v5Shell{},
		create:     v5Create{},
		up:         v5Up{},
		operations: v5Operation{},
		resources:  v5Resource{},
		build:      v5Build{},
		logs:       v5LogsLook{},
		ps:         v5Ps{},
		top:        v5Top{},
		images:     v5Images{},
		config:     v5Config{},
	}
}

// wrap breaks a text into lines of at most width columns, at blanks.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
