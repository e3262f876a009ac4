"""PyTorch's layers over sequences in f64, with gradients: writes sequences_torch.safetensors beside itself.

Made with torch 2.15.0, safetensors 0.8.0: `python tests/reference/sequences_torch.py`. Each case has weights
under `case.w.PATH` in the library's layout, gradients of `sum(y * ct)` under `case.g.PATH`, and its inputs and results
by name.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)
torch.manual_seed(3)
out = {}


def put(name, tensor):
    out[name] = tensor.detach().clone().contiguous()


def randomize(module):
    for p in module.parameters():
        nn.init.normal_(p, std=0.5)


def grads(case, layout, y, inputs):
    """Weights and gradients by the library's paths: `layout(of)` maps `of(parameter)` to them."""
    ct = torch.randn_like(y)
    (y * ct).sum().backward()
    put(f"{case}.ct", ct)
    put(f"{case}.y", y)
    for path, value in layout(lambda p: p.detach()).items():
        put(f"{case}.w.{path}", value)
    for path, value in layout(lambda p: p.grad).items():
        put(f"{case}.g.{path}", value)
    for name, x in inputs.items():
        put(f"{case}.{name}", x)
        if x.grad is not None:
            put(f"{case}.d{name}", x.grad)


def leaf(*shape):
    return torch.randn(*shape, requires_grad=True)


# Recurrent layers: biases of r and z, and of all gates of an LSTM, are the sums of PyTorch's two.
def recurrent_layout(rnn, kind):
    hidden = rnn.hidden_size

    def layout(of):
        found, weights = {}, of(rnn.weight_ih_l0) is not rnn.weight_ih_l0.grad
        for layer in range(rnn.num_layers):
            for direction, suffix in [("forward", ""), ("backward", "_reverse")][: 2 if rnn.bidirectional else 1]:
                get = lambda name: of(getattr(rnn, f"{name}_l{layer}{suffix}"))
                path = f"layers.{layer}.{direction}"
                found[f"{path}.w_input"] = get("weight_ih").T
                found[f"{path}.w_hidden"] = get("weight_hh").T
                if not rnn.bias:
                    continue
                b = get("bias_ih") + get("bias_hh") if weights else get("bias_ih")
                if kind == "gru":
                    b = torch.cat([b[: 2 * hidden], get("bias_ih")[2 * hidden :]])
                    found[f"{path}.b_hidden"] = get("bias_hh")[2 * hidden :]
                found[f"{path}.b"] = b
        return found

    return layout


def recurrent(case, rnn, kind):
    randomize(rnn)
    x, lengths = leaf(3, 6, 3), torch.tensor([6, 2, 4])
    count = rnn.num_layers * (2 if rnn.bidirectional else 1)
    h0, c0 = leaf(count, 3, 4), leaf(count, 3, 4)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    y, last = rnn(packed, (h0, c0) if kind == "lstm" else h0)
    y, _ = pad_packed_sequence(y, batch_first=True)
    states = torch.cat([last[0], last[1]]) if kind == "lstm" else last
    inputs = {"x": x, "h0": h0} | ({"c0": c0} if kind == "lstm" else {})
    put(f"{case}.last", states)
    weight = torch.randn_like(states)
    put(f"{case}.last_ct", weight)
    # Gradients flow through last states, too.
    (states * weight).sum().backward(retain_graph=True)
    grads(case, recurrent_layout(rnn, kind), y, inputs)


both = dict(batch_first=True, bidirectional=True)
recurrent("lstm", nn.LSTM(3, 4, num_layers=3, **both), "lstm")
recurrent("lstm_plain", nn.LSTM(3, 4, batch_first=True, bias=False), "lstm")
recurrent("gru", nn.GRU(3, 4, num_layers=2, **both), "gru")
recurrent("rnn_tanh", nn.RNN(3, 4, num_layers=2, batch_first=True), "rnn")
recurrent("rnn_relu", nn.RNN(3, 4, nonlinearity="relu", **both), "rnn")


# Attention.
def attention_layout(layer, of, path=""):
    found = {}
    names = ["query", "key", "value"]
    if layer.in_proj_weight is not None:
        weights = of(layer.in_proj_weight).chunk(3)
    else:
        weights = [of(p) for p in (layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight)]
    for name, w in zip(names, weights):
        found[f"{path}{name}.w"] = w.T
    found[f"{path}output.w"] = of(layer.out_proj.weight).T
    if layer.in_proj_bias is not None:
        for name, b in zip(names, of(layer.in_proj_bias).chunk(3)):
            found[f"{path}{name}.b"] = b
        found[f"{path}output.b"] = of(layer.out_proj.bias)
    return found


def causal(n):
    return torch.triu(torch.ones(n, n, dtype=torch.bool), 1)


padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])  # lengths 5 and 3


def attention(case, layer, context=None, **masks):
    randomize(layer)
    x = leaf(2, 5, 8)
    inputs = {"x": x}
    if context is not None:
        context = inputs["context"] = leaf(2, 5, context)
    other = x if context is None else context
    y, _ = layer(x, other, other, need_weights=False, **masks)
    grads(case, lambda of: attention_layout(layer, of), y, inputs)


attention("mha", nn.MultiheadAttention(8, 2, batch_first=True), key_padding_mask=padding)
attention("mha_causal", nn.MultiheadAttention(8, 4, batch_first=True, bias=False), attn_mask=causal(5))
attention("mha_cross", nn.MultiheadAttention(8, 2, batch_first=True, kdim=6, vdim=6), context=6, key_padding_mask=padding)


class Grouped(nn.Module):
    """Grouped queries by PyTorch's own function."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(8, 8), nn.Linear(8, 4), nn.Linear(8, 4)
        self.output = nn.Linear(8, 8)

    def forward(self, x):
        heads = lambda y: y.unflatten(-1, (-1, 2)).transpose(1, 2)
        q, k, v = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return self.output(y.transpose(1, 2).flatten(-2))


def linear_layout(module, of, path=""):
    return {f"{path}w": of(module.weight).T} | ({f"{path}b": of(module.bias)} if module.bias is not None else {})


grouped = Grouped()
randomize(grouped)
x = leaf(2, 5, 8)
layout = lambda of: {
    k: v for name, m in grouped.named_children() for k, v in linear_layout(m, of, f"{name}.").items()
}
grads("gqa", layout, grouped(x), {"x": x})


# Blocks.
def norm_layout(norm, of, path):
    # The path of a field of the norm that a block holds.
    return {f"{path}.scale": of(norm.weight)} | ({f"{path}.bias": of(norm.bias)} if norm.bias is not None else {})


def block_layout(block, of, path=""):
    found = attention_layout(block.self_attn, of, f"{path}attention.")
    norms = ["attention_norm", "mlp_norm"]
    if hasattr(block, "multihead_attn"):
        found |= attention_layout(block.multihead_attn, of, f"{path}cross.")
        norms.insert(1, "cross_norm")
    for i, name in enumerate(norms):
        found |= norm_layout(getattr(block, f"norm{i + 1}"), of, path + name)
    found |= linear_layout(block.linear1, of, f"{path}mlp.up.")
    return found | linear_layout(block.linear2, of, f"{path}mlp.down.")


def stack_layout(stack, of):
    found = {}
    for i, block in enumerate(stack.layers):
        found |= block_layout(block, of, f"blocks.{i}.")
    return found | (norm_layout(stack.norm, of, "norm") if stack.norm is not None else {})


options = dict(dim_feedforward=12, dropout=0.0, batch_first=True)


def encoder(case, module, layout, **masks):
    randomize(module)
    x = leaf(2, 5, 8)
    grads(case, lambda of: layout(module, of), module(x, **masks), {"x": x})


def decoder(case, module, layout):
    randomize(module)
    x, memory = leaf(2, 4, 8), leaf(2, 5, 8)
    y = module(x, memory, tgt_mask=causal(4), memory_key_padding_mask=padding)
    grads(case, lambda of: layout(module, of), y, {"x": x, "context": memory})


layer = lambda **more: nn.TransformerEncoderLayer(8, 2, **options, **more)
encoder("encoder_post", layer(), block_layout, src_key_padding_mask=padding)
encoder("encoder_pre", layer(norm_first=True, activation="gelu"), block_layout, src_mask=causal(5))
encoder("encoder_plain", layer(norm_first=True, bias=False), block_layout)
stack = nn.TransformerEncoder(layer(norm_first=True, activation="gelu"), 3, norm=nn.LayerNorm(8))
encoder("encoder_stack", stack, stack_layout, mask=causal(5))
encoder("encoder_stack_post", nn.TransformerEncoder(layer(), 3), stack_layout, src_key_padding_mask=padding)
layer = lambda **more: nn.TransformerDecoderLayer(8, 2, **options, **more)
decoder("decoder_post", layer(), block_layout)
decoder("decoder_pre", layer(norm_first=True, activation="gelu"), block_layout)
decoder("decoder_stack", nn.TransformerDecoder(layer(norm_first=True), 3, norm=nn.LayerNorm(8)), stack_layout)

# An embedding whose padding learns nothing.
embedding = nn.Embedding(6, 4, padding_idx=2)
randomize(embedding)
ids = torch.tensor([[1, 2, 5], [5, 0, 2]])
put("embedding.ids", ids)
grads("embedding", lambda of: {"table": of(embedding.weight)}, embedding(ids), {})

save_file(out, pathlib.Path(__file__).with_suffix(".safetensors"))
