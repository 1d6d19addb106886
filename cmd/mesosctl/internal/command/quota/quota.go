// Package quota is `mesosctl quota`.
package quota

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// New makes the command; get is `quota get`.
func New(a *app.App, get *cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quota {get|set|remove}",
		Short: "Guarantee resources to roles, and limit them",
		Long: "Guarantees resources to roles, and limits what they may have.\n" +
			"See https://mesos.apache.org/documentation/latest/quota/.",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(get, newSet(a), newRemove(a))
	return cmd
}

func newSet(a *app.App) *cobra.Command {
	var o struct {
		app.Cluster
		guarantees, limits string
		force              bool
	}
	cmd := &cobra.Command{
		Use:     "set ROLE [flags]",
		Short:   "Set what a role is guaranteed and may not exceed",
		Long:    "Sets a role's quota. What is not named is neither guaranteed nor limited; what was set before is replaced.",
		Example: "  mesosctl quota set eng --guarantees='cpus:10;mem:4096' --limits='cpus:20;mem:8192'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			config := &quotapb.QuotaConfig{Role: &args[0]}
			var err error
			if config.Guarantees, err = scalars("--guarantees", o.guarantees); err != nil {
				return err
			}
			if config.Limits, err = scalars("--limits", o.limits); err != nil {
				return err
			}
			if len(config.Guarantees)+len(config.Limits) == 0 {
				return mesos.Errorf(mesos.Invalid, "name --guarantees, --limits or both; 'mesosctl quota remove %s' removes a quota", args[0])
			}
			return update(cmd.Context(), a, &o.Cluster, config, o.force)
		},
	}
	append(o.Flags("10secs"), flags.Table{
		flags.String("guarantees", &o.guarantees, "", "`amounts` guaranteed, as in cpus:10;mem:4096"),
		flags.String("limits", &o.limits, "", "`amounts` that may not be exceeded"),
		flags.Bool("force", &o.force, false, "also if the cluster has too little for all guarantees"),
	}...).Register(cmd.Flags())
	return cmd
}

func newRemove(a *app.App) *cobra.Command {
	var o struct {
		app.Cluster
		app.Preview
	}
	cmd := &cobra.Command{
		Use:   "remove ROLE [flags]",
		Short: "Guarantee a role nothing, and limit nothing",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.DryRun {
				return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
					what, err := loss(ctx, c, args[0])
					if err == nil {
						o.Allow(a, what)
					}
					return err
				})
			}
			return update(cmd.Context(), a, &o.Cluster, &quotapb.QuotaConfig{Role: &args[0]}, false)
		},
	}
	append(o.Cluster.Flags("10secs"), o.Preview.Flags()...).Register(cmd.Flags())
	return cmd
}

// loss is what a role loses with its quota.
func loss(ctx context.Context, c *client.Client, role string) (string, error) {
	kind, err := kinds.Find("quota")
	if err != nil {
		return "", err
	}
	all, err := kind.List(ctx, c, time.Now())
	for _, item := range all {
		if item.ID == role {
			return fmt.Sprintf("remove the quota of role %s: guarantees %s, limits %s", role, item.Cells[1].Text, item.Cells[2].Text), err
		}
	}
	return fmt.Sprintf("role %s has no quota to remove", role), err
}

func update(ctx context.Context, a *app.App, cluster *app.Cluster, config *quotapb.QuotaConfig, force bool) error {
	return cluster.Do(ctx, a, func(ctx context.Context, c *client.Client) error {
		_, err := c.Call(ctx, &masterpb.Call{
			Type:        masterpb.Call_UPDATE_QUOTA.Enum(),
			UpdateQuota: &masterpb.Call_UpdateQuota{Force: &force, QuotaConfigs: []*quotapb.QuotaConfig{config}},
		})
		if err == nil {
			fmt.Fprintf(a.IO.Err, "the quota of role %s is changed\n", config.GetRole())
		}
		return err
	})
}

// scalars reads NAME:AMOUNT;NAME:AMOUNT.
func scalars(flag, text string) (map[string]*mesospb.Value_Scalar, error) {
	amounts := map[string]*mesospb.Value_Scalar{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == ',' }) {
		name, number, ok := strings.Cut(strings.TrimSpace(part), ":")
		value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil || value < 0 {
			return nil, mesos.Errorf(mesos.Invalid, "%s: %q is not NAME:AMOUNT, as in cpus:10", flag, part)
		}
		if amounts[name] != nil {
			return nil, mesos.Errorf(mesos.Invalid, "%s: %s is there twice", flag, name)
		}
		amounts[name] = &mesospb.Value_Scalar{Value: &value}
	}
	return amounts, nil
}
