package flags

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/mesosctl/mesosctl/mesos"
)

// Explain makes of pflag's error one of wrong usage. If a flag does not exist it
// suggests the one that may have been meant.
func Explain(set *pflag.FlagSet, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return mesos.Errorf(kind(err), "%w", err)
	}
	name := string(Normalize(set, missing.GetSpecifiedName()))
	best, distance := "", 1+len(name)/3
	set.VisitAll(func(f *pflag.Flag) {
		if d := editDistance(name, f.Name); !f.Hidden && d <= distance && (best == "" || d < distance) {
			best, distance = f.Name, d
		}
	})
	sentence := fmt.Sprintf("there is no flag %s", dashed(missing))
	if best != "" {
		sentence += fmt.Sprintf("; did you mean --%s?", best)
	}
	return mesos.Errorf(mesos.Invalid, "%s", sentence)
}

func dashed(e *pflag.NotExistError) string {
	if e.GetSpecifiedShortnames() != "" {
		return "-" + e.GetSpecifiedName()
	}
	return "--" + e.GetSpecifiedName()
}

// editDistance is how many letters must be put in, left out or changed to make b of a.
func editDistance(a, b string) int {
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
