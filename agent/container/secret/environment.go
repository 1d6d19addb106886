package secret

import (
	"context"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type environment struct {
	container.Passive
	resolver Resolver
}

// Environment is the isolator of secrets that commands find in their environment.
// It is always there, as in Mesos. See
// https://mesos.apache.org/documentation/latest/secrets/.
func Environment(resolver Resolver) container.Isolator {
	return environment{container.Passive{Named: "environment_secret"}, resolver}
}

// Nests implements Nester.
func (environment) Nests() bool { return true }

// Provides implements Provider.
func (environment) Provides() []container.Feature {
	return []container.Feature{container.SecretVariables}
}

// Prepare implements Isolator.
func (e environment) Prepare(ctx context.Context, plan *container.Plan) error {
	for _, v := range plan.Spec.Command.GetEnvironment().GetVariables() {
		if v.GetType() != mesospb.Environment_Variable_SECRET && v.GetSecret() == nil {
			continue
		}
		if err := e.set(ctx, plan, v); err != nil {
			return mesos.Errorf(mesos.KindOf(err), "environment: %s: %w", v.GetName(), err)
		}
	}
	return nil
}

func (e environment) set(ctx context.Context, plan *container.Plan, v *mesospb.Environment_Variable) error {
	switch {
	case v.GetType() != mesospb.Environment_Variable_SECRET:
		return mesos.Errorf(mesos.Invalid, "a secret in a variable of type %s", v.GetType())
	case v.Secret == nil:
		return mesos.Errorf(mesos.Invalid, "of type SECRET, and has none")
	case v.Value != nil:
		return mesos.Errorf(mesos.Invalid, "a secret and a value")
	}
	data, err := value(ctx, e.resolver, v.GetSecret())
	if err != nil {
		return err
	}
	if strings.ContainsRune(string(data), 0) {
		return mesos.Errorf(mesos.Invalid, "the secret has a NUL byte: it can only be in a volume")
	}
	plan.Secrets = append(plan.Secrets, v.GetName())
	return plan.SetVariable(v.GetName(), string(data))
}
