"""The base in plain torch, with a trainable LoRA adapter, for packs of questions about one schema.

A pack is one prefix (the schema, of S tokens) and B blocks of L tokens (question and answer, padded at their end).
Each block sees the prefix and itself, so that the prefix is computed once per pack; positions continue after it in
every block. No mask of all tokens against all is needed: scores against the prefix and within the block are
joined under one softmax.

An adapter acts on everything, or (``behind``) only behind each block's lead, the part of its prompt that generator
and discriminator share: prefix and leads are then the base's own, need no gradient, and have one KV cache in real use.

The base's weights stay as they are; what the adapter adds is computed next to them, as llama.cpp does it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom

from models.distill.weights import Base, Pair, Shape

_FUSED = {
    "qkv": ("attn_q", "attn_k", "attn_v"),
    "out": ("attn_output",),
    "up": ("ffn_gate", "ffn_up"),
    "down": ("ffn_down",),
}
"""Maps with the same input, computed as one product."""


@dataclass(slots=True)
class Pack:
    """Token ids of one training or evaluation step."""

    prefix: torch.Tensor
    """Shape (S,)."""
    blocks: torch.Tensor
    """Shape (B, L)."""
    leads: torch.Tensor
    """Shape (B,): how many tokens of each block come before an adapter that acts only behind them."""
    places: torch.Tensor
    """Shape (T,): where in the flattened blocks the next token must be predicted."""
    targets: torch.Tensor
    """Shape (T,): that token."""
    weights: torch.Tensor
    """Shape (T,): its weight in the loss."""

    def to(self, device: str) -> Pack:
        return Pack(*(getattr(self, name).to(device) for name in self.__slots__))


class _AdaptedMap(torch.autograd.Function):
    """``x @ (weights + scale * B @ A).T + bias``, whose gradient goes to x, A and B and not to the weights."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weights: torch.Tensor, bias: Any, a: torch.Tensor, b: torch.Tensor, fused: Any
    ) -> Any:
        scale, sizes = ctx.fused = fused
        low = x @ a.t()
        ctx.save_for_backward(x, weights, a, b, low)
        y = F.linear(x, weights, bias)
        for thin, rows in _parts(sizes, b.shape[1]):
            y[:, rows].addmm_(low[:, thin], b[rows].t(), alpha=scale)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        (dy,) = grads
        x, weights, a, b, low = ctx.saved_tensors
        scale, sizes = ctx.fused
        db, back = torch.empty_like(b), torch.empty_like(low)
        for thin, rows in _parts(sizes, b.shape[1]):
            torch.mm(dy[:, rows].t(), low[:, thin], out=db[rows])
            torch.mm(dy[:, rows], b[rows], out=back[:, thin])
        back *= scale
        dx = (dy @ weights).addmm_(back, a) if ctx.needs_input_grad[0] else None
        return dx, None, None, back.t() @ x, db * scale, None


def _parts(sizes: Sequence[int], rank: int) -> Iterator[tuple[slice, slice]]:
    """Of maps one below the other: which columns of A's product are each one's, and which rows."""
    row = 0
    for place, size in enumerate(sizes):
        yield slice(place * rank, (place + 1) * rank), slice(row, row + size)
        row += size


class _CrossEntropy(torch.autograd.Function):
    """Weighted sum of the cross entropy under the frozen output projection; its gradient is made going forward."""

    @staticmethod
    def forward(ctx: Any, y: torch.Tensor, output: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> Any:
        logits = (y @ output.t()).float()
        total = logits.logsumexp(-1, keepdim=True)
        rows = torch.arange(len(targets), device=y.device)
        loss = ((total[:, 0] - logits[rows, targets]) * weights).sum()
        grad = logits.sub_(total).exp_().to(y.dtype)
        grad[rows, targets] -= 1
        grad *= weights[:, None].to(y.dtype)
        ctx.save_for_backward(grad @ output)
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        (grad,) = ctx.saved_tensors
        return grad * grads[0].to(grad.dtype), None, None, None


@dataclass(slots=True)
class _Map:
    """Several maps with the same input, one below the other."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    weights: torch.Tensor
    bias: torch.Tensor | None
    a: torch.Tensor
    """Shape (maps * rank, inputs), float32, the optimiser's."""
    b: torch.Tensor
    """Shape (outputs, rank)."""


@dataclass(slots=True)
class _Cells:
    """Keys and values of one layer that later tokens see, shape (B, kv heads, P, size); B is 1 where all blocks do."""

    keys: torch.Tensor
    values: torch.Tensor
    hidden: torch.Tensor | None = None
    """Shape (B, P): -inf at a block's padding, else 0."""


_Adapter = Sequence[Mapping[str, Pair]]
"""(A, B) of each layer's groups of maps, in the type that is computed in."""


class Network:
    def __init__(
        self, base: Base, *, rank: int = 16, alpha: float = 32.0, dtype: torch.dtype = torch.bfloat16,
        device: str = "cpu", seed: int = 0, behind: bool = False,
    ) -> None:  # fmt: skip
        """A fresh adapter: A drawn from ``seed``, B zero, so that the network starts as the base.

        ``behind``: it acts only behind each block's lead.
        """
        self.shape, self.rank, self.alpha, self.dtype, self.device = base.shape, rank, alpha, dtype, device
        self.behind = behind
        self.embedding = base.tensors["token_embd.weight"].to(device, dtype)
        # the same as the embedding in most small models; some files hold it twice, in two quantisations
        output = base.tensors.get("output.weight")
        self.output = self.embedding if output is None else output.to(device, dtype)
        self._last_norm = base.tensors["output_norm.weight"].to(device, dtype)
        random = torch.Generator().manual_seed(seed)
        self._norms: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._layers: list[dict[str, _Map]] = []
        for layer in range(base.shape.layers):
            first, second = (base.tensors[f"blk.{layer}.{name}_norm.weight"] for name in ("attn", "ffn"))
            self._norms.append((first.to(device, dtype), second.to(device, dtype)))
            self._layers.append({fused: self._fused(base, layer, names, random) for fused, names in _FUSED.items()})
        self._cos, self._sin = _rotary(base.shape, 8192, device, dtype)

    def _fused(self, base: Base, layer: int, maps: Sequence[str], random: torch.Generator) -> _Map:
        names = tuple(f"blk.{layer}.{name}.weight" for name in maps)
        weights = torch.cat([base.tensors[name] for name in names]).to(self.device, self.dtype)
        biases = [
            base.tensors[f"blk.{layer}.{name}.bias"] for name in maps if f"blk.{layer}.{name}.bias" in base.tensors
        ]
        outputs, inputs = weights.shape
        a = (torch.rand(len(names) * self.rank, inputs, generator=random) * 2 - 1) / math.sqrt(inputs)
        return _Map(
            names,
            tuple(base.tensors[name].shape[0] for name in names),
            weights,
            torch.cat(biases).to(self.device, self.dtype) if biases else None,
            a.to(self.device).requires_grad_(),
            torch.zeros(outputs, self.rank, device=self.device).requires_grad_(),
        )

    def _maps(self) -> list[_Map]:
        return [fused for layer in self._layers for fused in layer.values()]

    @property
    def parameters(self) -> list[torch.Tensor]:
        """What is trained: A and B of every group of maps, in a fixed order."""
        return [tensor for fused in self._maps() for tensor in (fused.a, fused.b)]

    # ------------------------------------------------------------------------------ the adapter

    @torch.no_grad()
    def pairs(self) -> dict[str, Pair]:
        """The adapter by the names of the maps; copies."""
        return {
            name: (fused.a[thin].detach().cpu().clone(), fused.b[rows].detach().cpu().clone())
            for fused in self._maps()
            for name, (thin, rows) in zip(fused.names, _parts(fused.sizes, self.rank), strict=True)
        }

    @torch.no_grad()
    def load(self, pairs: Mapping[str, Pair]) -> None:
        """Take over an adapter of the same rank."""
        for fused in self._maps():
            fused.a.copy_(torch.cat([pairs[name][0] for name in fused.names]))
            fused.b.copy_(torch.cat([pairs[name][1] for name in fused.names]))

    # ------------------------------------------------------------------------------ the pass

    def loss(self, pack: Pack) -> torch.Tensor:
        """Weighted sum over the pack's targets of -ln P(target).

        Raises:
            ValueError: a target is predicted where the adapter does not act yet.

        """
        pack = pack.to(self.device)
        y = self._states(pack)
        loss: torch.Tensor = _CrossEntropy.apply(y, self.output, pack.targets, pack.weights)  # type: ignore[no-untyped-call]
        return loss

    @torch.no_grad()
    def logits(self, pack: Pack) -> torch.Tensor:
        """Of the next token at each of the pack's places, shape (T, vocabulary)."""
        return (self._states(pack.to(self.device)) @ self.output.t()).float()

    def _states(self, pack: Pack) -> torch.Tensor:
        """Last hidden states at the pack's places, shape (T, width)."""
        count, length = pack.blocks.shape
        start = len(pack.prefix)
        adapter = [
            {name: (fused.a.to(self.dtype), fused.b.to(self.dtype)) for name, fused in layer.items()}
            for layer in self._layers
        ]
        columns = torch.arange(max(start, length), device=self.device)
        prefix, positions = pack.prefix[None], columns[None, :start]
        if not self.behind:
            seen = [self._cells(prefix, positions, [], adapter)]
            x = self._pass(pack.blocks, (columns[:length] + start).expand(count, -1), seen, adapter)
            return self._normed(x.reshape(count * length, -1)[pack.places])
        rows, places = pack.places // length, pack.places % length - pack.leads[pack.places // length]
        if bool((places < 0).any()):
            raise ValueError("what stands before the adapter acts cannot be learnt")
        widest, longest = int(pack.leads.max()), int(places.max()) + 1
        with torch.no_grad():
            seen = [self._cells(prefix, positions, [])]
            if widest:
                leads = self._cells(pack.blocks[:, :widest], (columns[:widest] + start).expand(count, -1), seen)
                padding = columns[:widest] >= pack.leads[:, None]
                hidden = torch.zeros(padding.shape, dtype=self.dtype, device=self.device)
                hidden.masked_fill_(padding, -math.inf)
                seen = [*seen, [replace(cells, hidden=hidden) for cells in leads]]
        at = pack.leads[:, None] + columns[:longest]
        x = self._pass(pack.blocks.gather(1, at.clamp(max=length - 1)), at + start, seen, adapter)
        return self._normed(x[rows, places])

    def _normed(self, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, (self.shape.width,), self._last_norm, self.shape.epsilon)

    def _cells(
        self, tokens: torch.Tensor, at: torch.Tensor, seen: Sequence[Sequence[_Cells]], adapter: _Adapter | None = None
    ) -> list[_Cells]:
        """What later tokens see of these, a layer each."""
        found: list[_Cells] = []
        self._pass(tokens, at, seen, adapter, found)
        return found

    def _pass(
        self,
        tokens: torch.Tensor,
        at: torch.Tensor,
        seen: Sequence[Sequence[_Cells]],
        adapter: _Adapter | None,
        kept: list[_Cells] | None = None,
    ) -> torch.Tensor:
        """Hidden states of tokens at those positions, shapes (B, L), that see ``seen`` and the ones before them.

        With ``kept`` the cells of each layer are put there and the work ends where only they are known.
        """
        shape, size = self.shape, self.shape.width // self.shape.heads
        heads, kv = shape.heads, shape.kv_heads
        b, length = tokens.shape
        x = self.embedding[tokens.reshape(-1)]
        cos, sin = (table[at.reshape(-1)][:, None] for table in (self._cos, self._sin))
        for layer, (maps, (first, second)) in enumerate(zip(self._layers, self._norms, strict=True)):

            def apply(y: torch.Tensor, name: str, layer: int = layer, maps: Mapping[str, _Map] = maps) -> Any:
                fused = maps[name]
                if adapter is None:
                    return F.linear(y, fused.weights, fused.bias)
                scale = self.alpha / self.rank
                return _AdaptedMap.apply(y, fused.weights, fused.bias, *adapter[layer][name], (scale, fused.sizes))  # type: ignore[no-untyped-call]

            qkv = apply(F.rms_norm(x, (shape.width,), first, shape.epsilon), "qkv")
            turned = _turn(qkv[:, : (heads + kv) * size].reshape(-1, heads + kv, size), cos, sin)
            queries = turned[:, :heads].view(b, length, heads, size) / math.sqrt(size)
            keys, values = (
                part.reshape(b, length, kv, size).transpose(1, 2)
                for part in (turned[:, heads:], qkv[:, (heads + kv) * size :])
            )
            own = _Cells(keys, values)
            if kept is not None:
                kept.append(own)
                if len(kept) == shape.layers:
                    break
            both = _attended(queries, own, [cells[layer] for cells in seen])
            x = x + apply(both.reshape(b * length, shape.width), "out")
            up = apply(F.rms_norm(x, (shape.width,), second, shape.epsilon), "up")
            x = x + apply(F.silu(up[:, : shape.inner]) * up[:, shape.inner :], "down")
        return x.view(b, length, shape.width)


def _attended(queries: torch.Tensor, own: _Cells, seen: Sequence[_Cells]) -> torch.Tensor:
    """Of queries of shape (B, L, heads, size): they see all of ``seen``, and causally their own block."""
    b, length, heads, size = queries.shape
    kv = own.keys.shape[1]
    group = heads // kv
    q = queries.reshape(b, length, kv, group, size).permute(2, 0, 3, 1, 4)
    by_block, together = q.reshape(kv, b, group * length, size), q.reshape(kv, b * group * length, size)
    scores = []
    for cells in seen:
        keys = cells.keys.permute(1, 0, 3, 2)  # (kv, B or 1, size, P)
        if keys.shape[1] == 1:
            scores.append(torch.bmm(together, keys[:, 0]).view(kv, b, group * length, -1))
        else:
            scores.append(torch.matmul(by_block, keys))
        if cells.hidden is not None:
            scores[-1] = scores[-1] + cells.hidden[:, None]
    later = torch.full((length, length), -math.inf, dtype=queries.dtype, device=queries.device).triu(1)
    inner = torch.matmul(by_block, own.keys.permute(1, 0, 3, 2)).view(kv, b, group, length, length) + later
    scores.append(inner.view(kv, b, group * length, length))
    weights = torch.cat(scores, -1).softmax(-1).split([score.shape[-1] for score in scores], -1)
    found = torch.matmul(weights[-1], own.values.transpose(0, 1))
    for cells, part in zip(seen, weights, strict=False):
        values = cells.values.transpose(0, 1)
        if values.shape[1] == 1:
            over = torch.bmm(part.reshape(kv, b * group * length, -1), values[:, 0])
            found = found + over.view(kv, b, group * length, size)
        else:
            found = found + torch.matmul(part, values)
    return found.view(kv, b, group, length, size).permute(1, 3, 0, 2, 4).reshape(b, length, heads * size)


def _rotary(shape: Shape, length: int, device: str, dtype: torch.dtype) -> Pair:
    size = shape.width // shape.heads
    inverse = 1 / shape.rope_base ** (torch.arange(0, size, 2).float() / size)
    angles = torch.outer(torch.arange(length).float(), inverse).repeat(1, 2)
    return angles.cos().to(device, dtype), angles.sin().to(device, dtype)


def _turn(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin
