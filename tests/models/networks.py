"""Networks as they are written for PyTorch; their test runs them on minigrad, with the import lines changed."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class LeNet(nn.Module):
    """Convolutions and pools as functions, and a view before the linear layers."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 84)
        self.fc2 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), (2, 2))
        x = x.view(x.size(0), -1)
        return self.fc2(F.relu(self.fc1(x)))


class BasicBlock(nn.Module):
    """A residual block, with a projection where the stride or the channels change."""

    def __init__(self, channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != out_channels:
            projection = nn.Conv2d(channels, out_channels, kernel_size=1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return self.relu(out)


class ResNet(nn.Module):
    """A stem with an overlapping pool, two stages, and initialisation by going through the modules."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )
        self.layer1 = nn.Sequential(BasicBlock(8, 8), BasicBlock(8, 8))
        self.layer2 = nn.Sequential(BasicBlock(8, 16, 2), BasicBlock(16, 16))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(16, 5)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x)))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class DoubleConv(nn.Sequential):
    """Two convolutions."""

    def __init__(self, channels, out_channels):
        super().__init__(
            nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding="same"),
            nn.GELU(),
        )


class UNet(nn.Module):
    """Down and up again, with skips that are padded to fit and joined by channels."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.down3 = DoubleConv(1, 4), DoubleConv(4, 8), DoubleConv(8, 16)
        self.pool = nn.MaxPool2d(2)
        self.up2 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.conv2 = DoubleConv(24, 8)
        self.up1 = nn.ConvTranspose2d(8, 4, kernel_size=2, stride=2)
        self.conv1 = DoubleConv(8, 4)
        self.out = nn.Conv2d(4, 2, kernel_size=1)

    def joined(self, skip, x):
        dy, dx = skip.size()[2] - x.size()[2], skip.size(3) - x.size(3)
        x = F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return torch.cat([skip, x], dim=1)

    def forward(self, x):
        first = self.down1(x)
        second = self.down2(self.pool(first))
        third = self.down3(self.pool(second))
        x = self.conv2(self.joined(second, self.up2(third)))
        return self.out(self.conv1(self.joined(first, self.up1(x))))


class DCGAN(nn.Module):
    """A generator of transposed convolutions, and a discriminator of convolutions with strides."""

    def __init__(self):
        super().__init__()
        self.generator = nn.Sequential(
            nn.ConvTranspose2d(10, 16, 4, 1, 0, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(True),
            nn.ConvTranspose2d(16, 8, 4, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(True),
            nn.ConvTranspose2d(8, 1, 4, 2, 1, bias=False),
            nn.Tanh(),
        )
        self.discriminator = nn.Sequential(
            nn.Conv2d(1, 8, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8, 16, 4, 2, 1, bias=False),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(16, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, z):
        return self.discriminator(self.generator(z)).view(-1, 1).squeeze(1)


class CausalConv1d(nn.Conv1d):
    """A convolution that sees the past only."""

    def __init__(self, channels, out_channels, kernel_size, dilation=1):
        super().__init__(channels, out_channels, kernel_size, dilation=dilation)
        self.left = (kernel_size - 1) * dilation

    def forward(self, x):
        return super().forward(F.pad(x, (self.left, 0)))


class WaveNet(nn.Module):
    """Dilated causal convolutions with gates, and skips that are added up."""

    def __init__(self):
        super().__init__()
        self.first = CausalConv1d(1, 8, 2)
        self.filters = nn.ModuleList([CausalConv1d(8, 8, 2, 2**i) for i in range(4)])
        self.gates = nn.ModuleList([CausalConv1d(8, 8, 2, 2**i) for i in range(4)])
        self.mixes = nn.ModuleList([nn.Conv1d(8, 8, 1) for _ in range(4)])
        self.out = nn.Conv1d(8, 4, 1)

    def forward(self, x):
        x, skip = self.first(x), 0
        for filters, gate, mix in zip(self.filters, self.gates, self.mixes):  # noqa: B905
            y = mix(torch.tanh(filters(x)) * torch.sigmoid(gate(x)))
            x = x + y
            skip = skip + y
        return self.out(F.relu(skip))


class InvertedResidual(nn.Module):
    """A depthwise convolution between two convolutions of size 1."""

    def __init__(self, channels=8, out_channels=12, stride=2, expand=3):
        super().__init__()
        hidden = channels * expand
        self.conv = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, 1, 0, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, out_channels, 1, 1, 0, bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x):
        return self.conv(x)


class SegNet(nn.Module):
    """An autoencoder that puts elements back where pooling found them."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Conv2d(2, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)
        self.decoder = nn.ConvTranspose2d(4, 2, 3, padding=1)

    def forward(self, x):
        y, indices = self.pool(self.encoder(x))
        return self.decoder(self.unpool(y, indices, output_size=x.size()[-2:]))


class CharLSTM(nn.Module):
    """Reads a text in pieces; the state goes on from one to the next, the gradient does not."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 8, num_layers=2, batch_first=True)
        self.fc = nn.Linear(8, 11)

    def init_hidden(self, batch):
        weight = next(self.parameters())
        return weight.new_zeros(2, batch, 8), weight.new_zeros(2, batch, 8)

    def forward(self, x):
        hidden, outputs = self.init_hidden(x.size(0)), []
        for part in x.split(5, dim=1):
            hidden = tuple(state.detach() for state in hidden)
            y, hidden = self.lstm(self.embedding(part), hidden)
            outputs.append(self.fc(y.contiguous().view(-1, 8)))
        return torch.cat(outputs)


class Tagger(nn.Module):
    """A bidirectional GRU over sequences of different lengths."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6, padding_idx=0)
        self.gru = nn.GRU(6, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(10, 3)

    def forward(self, x):
        lengths = (x != 0).sum(dim=1)
        packed = pack_padded_sequence(self.embedding(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        y, h = self.gru(packed)
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.size(1))
        h = h.view(2, 2, x.size(0), 5)
        return self.fc(y) + self.fc(torch.cat([h[-1, 0], h[-1, 1]], dim=-1)).unsqueeze(1)


class Seq2Seq(nn.Module):
    """An encoder, and a cell that decodes in a loop, fed with what it said before."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.encoder = nn.LSTM(6, 8, proj_size=5)
        self.bridge = nn.Linear(5, 8)
        self.cell = nn.LSTMCell(6, 8)
        self.fc = nn.Linear(8, 11)

    def forward(self, x):
        _, (h, c) = self.encoder(self.embedding(x.t()))
        h, c, outputs = self.bridge(h[-1]), c[-1], []
        token = torch.zeros(x.size(0), dtype=torch.long)
        for _ in range(4):
            h, c = self.cell(self.embedding(token), (h, c))
            outputs.append(self.fc(h))
            token = outputs[-1].argmax(1)
        return torch.stack(outputs, dim=1)
