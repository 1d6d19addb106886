package pick

// Suggest is the one of some names that text may have been meant to be; empty if
// none is near enough.
func Suggest(text string, names []string) string {
	best, nearest := "", 1+len(text)/3
	for _, name := range names {
		if d := distance(text, name); d <= nearest && (best == "" || d < nearest) {
			best, nearest = name, d
		}
	}
	return best
}

// distance is how many letters must be put in, left out or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
