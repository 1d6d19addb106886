package flags

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/mesosctl/mesosctl/kinds/pick"
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
	var names []string
	set.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	best := pick.Suggest(name, names)
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
