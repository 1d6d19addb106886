// Protogen compiles every .proto file under a directory and runs plugins of
// protoc over them, each as `go tool PLUGIN` of the module that OUT is in:
//
//	protogen DIR OUT PLUGIN[:OPTION,...]...
//
// It stands in for protoc, which is no Go program, and is a fraction of what buf
// is to build. The plugins see all files in one request.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: protogen DIR OUT PLUGIN[:OPTION,...]...")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "protogen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, out string, plugins []string) error {
	request, err := compile(ctx, dir)
	if err != nil {
		return err
	}
	for _, plugin := range plugins {
		name, options, _ := strings.Cut(plugin, ":")
		request.Parameter = proto.String(options)
		response, err := generate(ctx, out, name, request)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, file := range response.File {
			path := filepath.Join(out, filepath.FromSlash(file.GetName()))
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(file.GetContent()), 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

// compile returns a request for every .proto file under dir, without a parameter.
func compile(ctx context.Context, dir string) (*pluginpb.CodeGeneratorRequest, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".proto") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{dir}}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(ctx, names...)
	if err != nil {
		return nil, err
	}
	return &pluginpb.CodeGeneratorRequest{FileToGenerate: names, ProtoFile: ordered(files)}, nil
}

// ordered are the descriptors of files and of all that they import, what is
// imported before what imports it, as plugins expect them.
func ordered(files linker.Files) []*descriptorpb.FileDescriptorProto {
	var all []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		all = append(all, protoutil.ProtoFromFileDescriptor(file))
	}
	for _, file := range files {
		add(file)
	}
	return all
}

// generate runs a plugin, a tool of the module in dir.
func generate(ctx context.Context, dir, name string, request *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	in, err := proto.Marshal(request)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "tool", name)
	cmd.Dir = dir
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	response := new(pluginpb.CodeGeneratorResponse)
	if err := proto.Unmarshal(out, response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		return nil, errors.New(response.GetError())
	}
	return response, nil
}
