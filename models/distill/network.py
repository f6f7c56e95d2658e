"""The base in plain torch, with a trainable LoRA adapter, for packs of questions about one schema.

A pack is one prefix (the schema, of S tokens) and B blocks of L tokens (question and answer, padded at their end).
Each block sees the prefix and itself, so that the prefix is computed once per pack; positions continue after it in
every block. No mask of all tokens against all is needed: scores against the prefix and within the block are
joined under one softmax.

The adapter is merged into the maps once per step, so that forward and backward run plain large products; the
gradients of A and B come from four thin ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    places: torch.Tensor
    """Shape (T,): where in the flattened blocks the next token must be predicted."""
    targets: torch.Tensor
    """Shape (T,): that token."""
    weights: torch.Tensor
    """Shape (T,): its weight in the loss."""

    def to(self, device: str) -> Pack:
        return Pack(*(getattr(self, name).to(device) for name in self.__slots__))


class _AdaptedMap(torch.autograd.Function):
    """``x @ merged.T``, whose gradient goes to x, A and B and not to the merged weights."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, merged: torch.Tensor, a: torch.Tensor, b: torch.Tensor, fused: Any) -> Any:
        ctx.save_for_backward(x, merged, a, b)
        ctx.fused = fused
        return x @ merged.t()

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        (dy,) = grads
        x, merged, a, b = ctx.saved_tensors
        scale, sizes = ctx.fused
        rank = b.shape[1]
        dx = dy @ merged if ctx.needs_input_grad[0] else None
        low = x @ a.t()
        db = torch.empty_like(b)
        back, row = [], 0
        for place, size in enumerate(sizes):
            part = dy[:, row : row + size]
            torch.mm(part.t(), low[:, place * rank : (place + 1) * rank], out=db[row : row + size])
            back.append(part @ b[row : row + size])
            row += size
        da = torch.cat(back, 1).t() @ x
        return dx, None, da * scale, db * scale, None


class _CrossEntropy(torch.autograd.Function):
    """Weighted sum of the cross entropy under the tied, frozen unembedding; its gradient is made going forward."""

    @staticmethod
    def forward(
        ctx: Any, y: torch.Tensor, embedding: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> Any:
        logits = (y @ embedding.t()).float()
        total = logits.logsumexp(-1, keepdim=True)
        rows = torch.arange(len(targets), device=y.device)
        loss = ((total[:, 0] - logits[rows, targets]) * weights).sum()
        grad = logits.sub_(total).exp_().to(y.dtype)
        grad[rows, targets] -= 1
        grad *= weights[:, None].to(y.dtype)
        ctx.save_for_backward(grad @ embedding)
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
    base: torch.Tensor
    merged: torch.Tensor
    a: torch.Tensor
    """Shape (maps * rank, inputs), float32, the optimiser's."""
    b: torch.Tensor
    """Shape (outputs, rank)."""


class Network:
    def __init__(
        self, base: Base, *, rank: int = 16, alpha: float = 32.0, dtype: torch.dtype = torch.bfloat16,
        device: str = "cpu", seed: int = 0,
    ) -> None:  # fmt: skip
        """A fresh adapter: A drawn from ``seed``, B zero, so that the network starts as the base."""
        self.shape, self.rank, self.alpha, self.dtype, self.device = base.shape, rank, alpha, dtype, device
        self.embedding = base.tensors["token_embd.weight"].to(device, dtype)
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
        weights = torch.cat([base.tensors[name] for name in names]).to(self.device)
        outputs, inputs = weights.shape
        a = (torch.rand(len(names) * self.rank, inputs, generator=random) * 2 - 1) / math.sqrt(inputs)
        return _Map(
            names,
            tuple(base.tensors[name].shape[0] for name in names),
            weights,
            weights.to(self.dtype),
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
    def merge(self) -> None:
        """Merge the current adapter into the maps; due after every step of the optimiser."""
        scale = self.alpha / self.rank
        for fused in self._maps():
            row = 0
            for place, size in enumerate(fused.sizes):
                low = fused.a[place * self.rank : (place + 1) * self.rank]
                rows = slice(row, row + size)
                fused.merged[rows].copy_(torch.addmm(fused.base[rows], fused.b[rows], low, alpha=scale))
                row += size

    @torch.no_grad()
    def pairs(self) -> dict[str, Pair]:
        """The adapter by the names of the maps; copies."""
        found: dict[str, Pair] = {}
        for fused in self._maps():
            row = 0
            for place, (name, size) in enumerate(zip(fused.names, fused.sizes, strict=True)):
                low = fused.a[place * self.rank : (place + 1) * self.rank]
                found[name] = (low.detach().cpu().clone(), fused.b[row : row + size].detach().cpu().clone())
                row += size
        return found

    @torch.no_grad()
    def load(self, pairs: Mapping[str, Pair]) -> None:
        """Take over an adapter of the same rank, and merge it."""
        for fused in self._maps():
            fused.a.copy_(torch.cat([pairs[name][0] for name in fused.names]))
            fused.b.copy_(torch.cat([pairs[name][1] for name in fused.names]))
        self.merge()

    # ------------------------------------------------------------------------------ the pass

    def loss(self, pack: Pack) -> torch.Tensor:
        """Weighted sum over the pack's targets of -ln P(target)."""
        low = [
            {name: (fused.a.to(self.dtype), fused.b.to(self.dtype)) for name, fused in layer.items()}
            for layer in self._layers
        ]
        pack = pack.to(self.device)
        y = self._forward(pack, low)
        loss: torch.Tensor = _CrossEntropy.apply(y, self.embedding, pack.targets, pack.weights)  # type: ignore[no-untyped-call]
        return loss

    def _forward(self, pack: Pack, low: Sequence[Mapping[str, Pair]]) -> torch.Tensor:
        """Last hidden states at the pack's places, shape (T, width)."""
        shape, dtype = self.shape, self.dtype
        heads, kv, size = shape.heads, shape.kv_heads, shape.width // shape.heads
        group = heads // kv
        s = len(pack.prefix)
        b, length = pack.blocks.shape
        x = self.embedding[torch.cat([pack.prefix, pack.blocks.reshape(-1)])]
        at = torch.cat([torch.arange(s), (torch.arange(length) + s).repeat(b)]).to(self.device)
        cos, sin = self._cos[at][:, None], self._sin[at][:, None]
        later = [torch.full((n, n), -math.inf, dtype=dtype, device=self.device).triu(1) for n in (s, length)]

        for layer, (maps, (first, second)) in enumerate(zip(self._layers, self._norms, strict=True)):

            def apply(y: torch.Tensor, name: str, layer: int = layer, maps: Mapping[str, _Map] = maps) -> Any:
                fused = maps[name]
                scale = self.alpha / self.rank
                return _AdaptedMap.apply(y, fused.merged, *low[layer][name], (scale, fused.sizes))  # type: ignore[no-untyped-call]

            qkv = apply(F.rms_norm(x, (shape.width,), first, shape.epsilon), "qkv")
            turned = _turn(qkv[:, : (heads + kv) * size].reshape(-1, heads + kv, size), cos, sin)
            q, k = turned[:, :heads] / math.sqrt(size), turned[:, heads:]
            v = qkv[:, (heads + kv) * size :].reshape(-1, kv, size)
            keys, values = k[:s].permute(1, 2, 0), v[:s].transpose(0, 1)
            # the prefix: causal among itself
            qs = q[:s].reshape(s, kv, group, size).permute(1, 2, 0, 3).reshape(kv, group * s, size)
            weights = (torch.bmm(qs, keys).view(kv, group, s, s) + later[0]).softmax(-1).view(kv, group * s, s)
            seen = torch.bmm(weights, values).view(kv, group, s, size).permute(2, 0, 1, 3).reshape(s, shape.width)
            # the blocks: all of the prefix, and causal within
            qb = q[s:].reshape(b, length, kv, group, size).permute(2, 0, 3, 1, 4).reshape(kv, b * group * length, size)
            outer = torch.bmm(qb, keys).view(kv, b, group * length, s)
            kb = k[s:].reshape(b, length, kv, size).permute(2, 0, 3, 1)
            vb = v[s:].reshape(b, length, kv, size).permute(2, 0, 1, 3)
            inner = torch.matmul(qb.view(kv, b, group * length, size), kb).view(kv, b, group, length, length)
            inner = (inner + later[1]).view(kv, b, group * length, length)
            weights = torch.cat([outer, inner], -1).softmax(-1)
            over = torch.bmm(weights[..., :s].reshape(kv, b * group * length, s), values)
            both = over.view(kv, b, group * length, size) + torch.matmul(weights[..., s:], vb)
            both = both.view(kv, b, group, length, size).permute(1, 3, 0, 2, 4).reshape(b * length, shape.width)
            x = x + apply(torch.cat([seen, both]), "out")
            up = apply(F.rms_norm(x, (shape.width,), second, shape.epsilon), "up")
            x = x + apply(F.silu(up[:, : shape.inner]) * up[:, shape.inner :], "down")
        return F.rms_norm(x[s:][pack.places], (shape.width,), self._last_norm, shape.epsilon)


def _rotary(shape: Shape, length: int, device: str, dtype: torch.dtype) -> Pair:
    size = shape.width // shape.heads
    inverse = 1 / shape.rope_base ** (torch.arange(0, size, 2).float() / size)
    angles = torch.outer(torch.arange(length).float(), inverse).repeat(1, 2)
    return angles.cos().to(device, dtype), angles.sin().to(device, dtype)


def _turn(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin
