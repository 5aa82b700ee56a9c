package runner

import "strings"

// resemblance is the least share of common letter pairs at which a line is worth
// showing as the one nearest to a text.
const resemblance = 0.35

// nearest is the line most like a text, by the share of the text's pairs of letters that are
// in the line, shorter lines first. "" if none is like it.
func nearest(want string, lines []string) string {
	pairs := letterPairs(want)
	best, bestScore := "", resemblance
	for _, line := range lines {
		line = strings.TrimSpace(line)
		have := letterPairs(line)
		common := 0
		for pair, n := range pairs {
			common += min(n, have[pair])
		}
		score := float64(common) / float64(max(1, total(pairs)))
		if score > bestScore || score == bestScore && best != "" && len(line) < len(best) {
			best, bestScore = line, score
		}
	}
	return best
}

func letterPairs(s string) map[[2]rune]int {
	pairs := map[[2]rune]int{}
	var before rune
	for i, r := range []rune(strings.ToLower(s)) {
		if i > 0 {
			pairs[[2]rune{before, r}]++
		}
		before = r
	}
	return pairs
}

func total(pairs map[[2]rune]int) (n int) {
	for _, c := range pairs {
		n += c
	}
	return n
}
