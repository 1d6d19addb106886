package resources

import (
	"encoding/json"
	"iter"

	"github.com/mesosctl/mesosctl/mesos"
)

// MarshalJSON writes an object of numbers: {"cpus":1.5,"mem":1024}.
func (q Quantities) MarshalJSON() ([]byte, error) { return amountsJSON(q.All()) }

// UnmarshalJSON reads what MarshalJSON writes. Its errors are of kind
// mesos.Invalid.
func (q *Quantities) UnmarshalJSON(text []byte) error {
	var result Quantities
	if err := eachAmount(text, "quantities", result.add); err != nil {
		return err
	}
	*q = result
	return nil
}

// MarshalJSON writes an object of numbers: {"cpus":1.5,"mem":1024}.
func (l Limits) MarshalJSON() ([]byte, error) { return amountsJSON(l.All()) }

// UnmarshalJSON reads what MarshalJSON writes. Its errors are of kind
// mesos.Invalid.
func (l *Limits) UnmarshalJSON(text []byte) error {
	var result Limits
	if err := eachAmount(text, "limits", result.set); err != nil {
		return err
	}
	*l = result
	return nil
}

func amountsJSON(amounts iter.Seq2[string, Scalar]) ([]byte, error) {
	text := []byte{'{'}
	for name, amount := range amounts {
		if len(text) > 1 {
			text = append(text, ',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		text = append(append(append(text, key...), ':'), amount.String()...)
	}
	return append(text, '}'), nil
}

func eachAmount(text []byte, what string, take func(name string, amount Scalar)) error {
	var amounts map[string]float64
	if err := json.Unmarshal(text, &amounts); err != nil {
		return mesos.Errorf(mesos.Invalid, "%s: %w", what, err)
	}
	for name, amount := range amounts {
		scalar, err := mesos.CheckScalar(amount)
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "%s: %s: %w", what, name, err)
		}
		take(name, scalar)
	}
	return nil
}
