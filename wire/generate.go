package wire

// tools/protogen compiles the .proto files and runs the plugins that make Go types
// of them, and codecs for these that need no reflection. It is in a module of its
// own, since the product needs none of what it depends on; the plugins are pinned
// in the project's go.mod, beside the libraries that their output calls.
//
//go:generate go -C ../tools run ./protogen ../wire/proto .. protoc-gen-go:module=github.com/mesosctl/mesosctl protoc-gen-go-vtproto:module=github.com/mesosctl/mesosctl,features=marshal+unmarshal+size+clone+equal
