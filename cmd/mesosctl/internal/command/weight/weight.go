// Package weight is `mesosctl weight`.
package weight

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// New makes the command; get is `weight get`.
func New(a *app.App, get *cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "weight {get|set|remove}",
		Short: "Say how roles share with each other",
		Long:  "Says how roles share with each other. See https://mesos.apache.org/documentation/latest/weights/.",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(get, newSet(a), newRemove(a))
	return cmd
}

func newSet(a *app.App) *cobra.Command {
	var o app.Cluster
	cmd := &cobra.Command{
		Use:     "set ROLE=WEIGHT... [flags]",
		Short:   "Set the weights of roles",
		Example: "  mesosctl weight set eng=2 ops=1.5",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var infos []*mesospb.WeightInfo
			for _, arg := range args {
				role, number, ok := strings.Cut(arg, "=")
				weight, err := strconv.ParseFloat(number, 64)
				if !ok || role == "" || err != nil || weight <= 0 {
					return mesos.Errorf(mesos.Invalid, "%q is not ROLE=WEIGHT with a weight above 0", arg)
				}
				infos = append(infos, &mesospb.WeightInfo{Role: &role, Weight: &weight})
			}
			return update(cmd.Context(), a, &o, infos)
		},
	}
	o.Flags("10secs").Register(cmd.Flags())
	return cmd
}

func newRemove(a *app.App) *cobra.Command {
	var o struct {
		app.Cluster
		app.Preview
	}
	cmd := &cobra.Command{
		Use:   "remove ROLE... [flags]",
		Short: "Give roles the weight that all have: 1",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			one := 1.0
			var infos []*mesospb.WeightInfo
			for i := range args {
				infos = append(infos, &mesospb.WeightInfo{Role: &args[i], Weight: &one})
			}
			if o.DryRun {
				return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
					what, err := loss(ctx, c, args)
					if err == nil {
						o.Allow(a, what)
					}
					return err
				})
			}
			return update(cmd.Context(), a, &o.Cluster, infos)
		},
	}
	append(o.Cluster.Flags("10secs"), o.Preview.Flags()...).Register(cmd.Flags())
	return cmd
}

// loss is what roles lose with their weights.
func loss(ctx context.Context, c *client.Client, roles []string) (string, error) {
	answer, err := c.Call(ctx, &masterpb.Call{Type: masterpb.Call_GET_WEIGHTS.Enum()})
	if err != nil {
		return "", err
	}
	now := map[string]float64{}
	for _, info := range answer.GetGetWeights().GetWeightInfos() {
		now[info.GetRole()] = info.GetWeight()
	}
	var parts []string
	for _, role := range roles {
		if weight, has := now[role]; has {
			parts = append(parts, fmt.Sprintf("give role %s the weight 1 instead of %v", role, weight))
		} else {
			parts = append(parts, fmt.Sprintf("role %s has no weight to remove", role))
		}
	}
	return strings.Join(parts, "; "), nil
}

func update(ctx context.Context, a *app.App, cluster *app.Cluster, infos []*mesospb.WeightInfo) error {
	return cluster.Do(ctx, a, func(ctx context.Context, c *client.Client) error {
		_, err := c.Call(ctx, &masterpb.Call{
			Type:          masterpb.Call_UPDATE_WEIGHTS.Enum(),
			UpdateWeights: &masterpb.Call_UpdateWeights{WeightInfos: infos},
		})
		for _, info := range infos {
			if err == nil {
				fmt.Fprintf(a.IO.Err, "role %s has weight %v\n", info.GetRole(), info.GetWeight())
			}
		}
		return err
	})
}
