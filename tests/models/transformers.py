"""Transformers and two relatives as they are written for PyTorch; their test changes the import lines and runs them."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class PatchEmbedding(nn.Module):
    """A picture as a sequence of patches, behind a token that will stand for all of it."""

    def __init__(self, image, patch, channels, width):
        super().__init__()
        self.proj = nn.Conv2d(channels, width, kernel_size=patch, stride=patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.empty(1, (image // patch) ** 2 + 1, width))
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, x):
        x = self.proj(x).flatten(2).transpose(1, 2)
        return torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1) + self.pos_embed


class ViTBlock(nn.Module):
    """Attention with its heads split by hand, and layer normalisation first."""

    def __init__(self, width, heads, ratio=2.0, drop=0.0):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, width * 3, bias=True)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(width, int(width * ratio)), nn.GELU(), nn.Dropout(drop), nn.Linear(int(width * ratio), width)
        )
        self.gamma = nn.Parameter(1e-1 * torch.ones(width), requires_grad=True)

    def attention(self, x):
        B, N, C = x.shape
        qkv = self.qkv(x).reshape(B, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        weights = ((q * self.scale) @ k.transpose(-2, -1)).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(B, N, C))

    def forward(self, x):
        x = x + self.gamma * self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """A vision transformer."""

    def __init__(self, image=12, patch=4, channels=2, width=16, depth=2, heads=4, classes=5):
        super().__init__()
        self.embed = PatchEmbedding(image, patch, channels, width)
        self.blocks = nn.Sequential(*[ViTBlock(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes) if classes > 0 else nn.Identity()
        self.apply(self._init_weights)

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.trunc_normal_(m.weight, std=0.02)
            if m.bias is not None:
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.embed(x)))[:, 0])


class BERT(nn.Module):
    """An encoder that looks both ways but never at padding; the first position is pooled into scores."""

    def __init__(self, vocabulary=13, length=10, width=16, classes=3, padding=0):
        super().__init__()
        self.padding = padding
        self.word = nn.Embedding(vocabulary, width, padding_idx=padding)
        self.position = nn.Embedding(length, width)
        self.segment = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.register_buffer("position_ids", torch.arange(length).expand((1, -1)), persistent=False)
        layer = nn.TransformerEncoderLayer(width, 4, 32, dropout=0.0, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.pooler = nn.Linear(width, width)
        self.classifier = nn.Linear(width, classes)

    def forward(self, tokens):
        segments = torch.zeros_like(tokens)
        segments[:, tokens.size(1) // 2 :] = 1
        x = self.word(tokens) + self.position(self.position_ids[:, : tokens.size(1)]) + self.segment(segments)
        x = self.encoder(self.norm(x), src_key_padding_mask=tokens.eq(self.padding))
        pooled = torch.tanh(self.pooler(x[:, 0]))
        kept = tokens.ne(self.padding).unsqueeze(-1).to(x.dtype)
        mean = (x * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
        return self.classifier(pooled) + self.classifier(mean)


class PositionalEncoding(nn.Module):
    """Sines and cosines, sequence first."""

    def __init__(self, width, dropout=0.0, length=50):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(length).unsqueeze(1)
        frequency = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        pe = torch.zeros(length, 1, width)
        pe[:, 0, 0::2] = torch.sin(position * frequency)
        pe[:, 0, 1::2] = torch.cos(position * frequency)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return self.dropout(x + self.pe[: x.size(0)])


class Translator(nn.Module):
    """From one language to another: an encoder and a decoder with masks, and a loop that takes the likeliest word."""

    def __init__(self, source=13, target=11, width=16):
        super().__init__()
        self.width = width
        self.source, self.target = nn.Embedding(source, width), nn.Embedding(target, width)
        self.positions = PositionalEncoding(width)
        self.transformer = nn.Transformer(
            d_model=width, nhead=2, num_encoder_layers=2, num_decoder_layers=2, dim_feedforward=24, dropout=0.0
        )
        self.generator = nn.Linear(width, target)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def encode(self, source, source_padding):
        x = self.positions(self.source(source) * math.sqrt(self.width))
        return self.transformer.encoder(x, None, source_padding)

    def decode(self, target, memory, source_padding):
        mask = nn.Transformer.generate_square_subsequent_mask(target.size(0), dtype=memory.dtype)
        y = self.positions(self.target(target) * math.sqrt(self.width))
        y = self.transformer.decoder(y, memory, tgt_mask=mask, memory_key_padding_mask=source_padding)
        return self.generator(y)

    def forward(self, source):
        source = source.t()
        target = source[:-1].clamp(max=10).flip(0)
        source_padding, target_padding = (source == 0).transpose(0, 1), (target == 0).transpose(0, 1)
        target_padding[:, 0] = False
        later = torch.triu(torch.ones(target.size(0), target.size(0)), diagonal=1).bool()
        y = self.transformer(
            self.positions(self.source(source) * math.sqrt(self.width)),
            self.positions(self.target(target) * math.sqrt(self.width)),
            tgt_mask=later,
            src_key_padding_mask=source_padding,
            tgt_key_padding_mask=target_padding,
            memory_key_padding_mask=source_padding,
        )
        return self.generator(y).transpose(0, 1)

    @torch.no_grad()
    def translate(self, source, steps=6):
        self.eval()
        source = source.t()
        padding = (source == 0).t()
        memory = self.encode(source, padding)
        said = torch.ones(1, source.size(1)).fill_(1).type(torch.long)
        for _ in range(steps):
            _, word = torch.max(self.decode(said, memory, padding)[-1], dim=1)
            said = torch.cat([said, word.unsqueeze(0).type_as(said)], dim=0)
        return said.t()


class RMSNorm(nn.Module):
    """Normalisation by the root of the mean square, written out."""

    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotary_tables(head, length, base=10000.0):
    frequency = 1.0 / (base ** (torch.arange(0, head, 2).float() / head))
    angles = torch.outer(torch.arange(length).float(), frequency)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate_half(x):
    first, second = x.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)


def rotated(x, cos, sin):
    return x * cos + rotate_half(x) * sin


class GroupedQueryAttention(nn.Module):
    """Several heads of queries share one head of keys and values."""

    def __init__(self, width, heads, kv_heads, length, repeat):
        super().__init__()
        self.heads, self.kv_heads, self.head, self.repeat = heads, kv_heads, width // heads, repeat
        self.q_proj = nn.Linear(width, heads * self.head, bias=False)
        self.k_proj = nn.Linear(width, kv_heads * self.head, bias=False)
        self.v_proj = nn.Linear(width, kv_heads * self.head, bias=False)
        self.o_proj = nn.Linear(heads * self.head, width, bias=False)
        cos, sin = rotary_tables(self.head, length)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, x):
        B, T, _ = x.shape
        q = self.q_proj(x).view(B, T, self.heads, self.head).transpose(1, 2)
        k = self.k_proj(x).view(B, T, self.kv_heads, self.head).transpose(1, 2)
        v = self.v_proj(x).view(B, T, self.kv_heads, self.head).transpose(1, 2)
        cos, sin = self.cos[None, None, :T], self.sin[None, None, :T]
        q, k = rotated(q, cos, sin), rotated(k, cos, sin)
        if self.repeat:
            groups = self.heads // self.kv_heads
            k, v = k.repeat_interleave(groups, dim=1), torch.repeat_interleave(v, groups, dim=1)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return self.o_proj(y.transpose(1, 2).contiguous().view(B, T, -1))


class SwiGLU(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.gate_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaBlock(nn.Module):
    def __init__(self, width, repeat):
        super().__init__()
        self.input_layernorm = RMSNorm(width)
        self.self_attn = GroupedQueryAttention(width, 4, 2, 16, repeat)
        self.post_attention_layernorm = nn.RMSNorm(width, eps=1e-6)
        self.mlp = SwiGLU(width, 24)

    def forward(self, x):
        h = x + self.self_attn(self.input_layernorm(x))
        return h + self.mlp(self.post_attention_layernorm(h))


class Llama(nn.Module):
    """Two blocks, with the two ways of sharing keys and values, and one table for reading and writing."""

    def __init__(self, vocabulary=13, width=16):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList([LlamaBlock(width, repeat) for repeat in (False, True)])
        self.norm = RMSNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.embed_tokens.weight

    def forward(self, tokens):
        x = self.embed_tokens(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.lm_head(self.norm(x))


class TextClassifier(nn.Module):
    """Bags of words, joined into one row with offsets, and the same words with weights."""

    def __init__(self, vocabulary=13, width=8, classes=3):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocabulary, width, sparse=False)
        self.weighted = nn.EmbeddingBag(vocabulary, width, mode="sum", include_last_offset=True, padding_idx=0)
        self.importance = nn.Parameter(torch.ones(vocabulary))
        self.fc = nn.Linear(2 * width, classes)
        self.init_weights()

    def init_weights(self):
        self.embedding.weight.data.uniform_(-0.5, 0.5)
        self.fc.weight.data.uniform_(-0.5, 0.5)
        self.fc.bias.data.zero_()

    def forward(self, tokens):
        text = [row[row != 0] for row in tokens]
        offsets = torch.tensor([0] + [len(row) for row in text]).cumsum(dim=0)
        words = torch.cat(text)
        mean = self.embedding(words, offsets[:-1])
        total = self.weighted(words, offsets, per_sample_weights=self.importance[words])
        return self.fc(torch.cat([mean, total], 1))


class VAE(nn.Module):
    """A variational autoencoder of convolutions."""

    def __init__(self, latent=3):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4, 8, 3, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.SiLU(),
            nn.Flatten(),
        )
        self.fc_mu, self.fc_logvar = nn.Linear(8 * 3 * 3, latent), nn.Linear(8 * 3 * 3, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 8 * 3 * 3),
            nn.Unflatten(1, (8, 3, 3)),
            nn.ConvTranspose2d(8, 4, kernel_size=3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(4, 1, kernel_size=3, padding="same"),
            nn.Sigmoid(),
        )
        self.register_buffer("noise", torch.linspace(-1, 1, latent))

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std) * 0 + self.noise  # noise that both libraries agree on
        return eps.mul(std).add_(mu)

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        decoded = self.decoder(self.reparameterize(mu, logvar))
        difference = F.mse_loss(decoded, x, reduction="sum")
        divergence = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return decoded.mean((1, 2, 3)) + (difference + divergence) / x.size(0)
