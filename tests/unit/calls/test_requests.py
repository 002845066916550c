# SPDX-License-Identifier: BSD-2-Clause
"""trapgate.calls.requests: ioctl's argument in every family, before and after the call, in both ABIs."""
# ruff: noqa: E501 (a line of output is as long as it is)

from importlib import import_module
from struct import pack

import pytest

from trapgate import catalog
from trapgate.calls.describe import describe
from trapgate.calls.plan import make_plan
from trapgate.calls.requests import FAMILIES, NAMED, as_case, known_requests
from trapgate.calls.types import Type
from trapgate.model.abi import I386, X32, X86_64
from trapgate.model.record import Phase, What

NUMBERS = {request.name: request.value for request in catalog.ioctls() if request.encoding in ("encoded", "old-style")}
MODULES = sorted({name for names in (*FAMILIES.values(), *NAMED.values()) for name in names.split()})


@pytest.mark.parametrize(
    ("request_", "argument", "options", "line"),
    [
        # tty
        (
            "TCGETS",
            pack("<4IB19s", 0x500, 5, 0xBF, 0x8A3B, 0, bytes([3, 28, 127])),
            {},
            "TCGETS, {c_iflag=ICRNL|IXON, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR, c_cflag=B38400|CS8|CREAD, c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE, ...}) = 0",
        ),
        (
            "TCGETS",
            pack("<4IB19s", 0x500, 5, 0xBF, 0x8A3B, 0, bytes([3, 28, 127])),
            {"abi": "i386", "style": "raw"},
            "0x5401, {c_iflag=0x500, c_oflag=0|0|0|0|0|0|0x5, c_cflag=0xf|0x30|0x80, c_lflag=0x8a3b, ...}) = 0",
        ),
        (
            "TCSETA",
            pack("<4HB8sx", 0, 0, 0, 0, 0, bytes([3])),
            {"full": True},
            "TCSETA, {c_iflag=, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|, c_cflag=B0|CS5|, c_lflag=, c_line=N_TTY, c_cc=[[VINTR]=0x3, [VQUIT]=0, [VERASE]=0, [VKILL]=0, [VEOF]=0, [VTIME]=0, [VMIN]=0, [VSWTC]=0]}) = 0",
        ),
        (
            "TIOCGWINSZ",
            pack("<4H", 24, 80, 0, 0),
            {"style": "verbose"},
            "0x5413 /* TIOCGWINSZ */, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0",
        ),
        ("TCFLSH", 2, {}, "TCFLSH, TCIOFLUSH) = 0"),
        ("TIOCSTI", b"x", {}, 'TIOCSTI, "x") = 0'),
        ("TIOCMGET", pack("<I", 6), {"abi": "i386"}, "TIOCMGET, [TIOCM_DTR|TIOCM_RTS]) = 0"),
        # fs
        ("FS_IOC_GETFLAGS", pack("<I", 0x80010), {}, "FS_IOC_GETFLAGS, [FS_IMMUTABLE_FL|FS_EXTENT_FL]) = 0"),
        ("FITRIM", pack("<3Q", 16, 1 << 20, 4096), {}, "FITRIM, {start=0x10, len=1048576, minlen=4096}) = 0"),
        (
            "FICLONERANGE",
            pack("<qQQQ", 3, 0, 4096, 8192),
            {"decode_fds": frozenset({"path"})},
            "BTRFS_IOC_CLONE_RANGE or FICLONERANGE, {src_fd=3</tmp/file>, src_offset=0, src_length=4096, dest_offset=8192}) = 0",
        ),
        (
            "FIDEDUPERANGE",
            pack("<QQHHI", 0, 4096, 1, 0, 0) + pack("<qQQiI", 3, 512, 4096, 0, 0),
            {},
            "BTRFS_IOC_FILE_EXTENT_SAME or FIDEDUPERANGE, {src_offset=0, src_length=4096, dest_count=1, info=[{dest_fd=3, dest_offset=512}]} => {info=[{bytes_deduped=4096, status=0}]}) = 0",
        ),
        (
            "FIDEDUPERANGE",
            pack("<QQHHI", 0, 4096, 1, 0, 0) + pack("<qQQiI", 3, 512, 4096, 0, 0),
            {"result": -22},
            "BTRFS_IOC_FILE_EXTENT_SAME or FIDEDUPERANGE, {src_offset=0, src_length=4096, dest_count=1, info=[{dest_fd=3, dest_offset=512}]}) = -1 EINVAL (Invalid argument)",
        ),
        (
            "FS_IOC_FIEMAP",
            pack("<QQIIII", 0, 4096, 1, 1, 2, 0) + pack("<3Q2QI3I", 0, 512, 4096, 0, 0, 1, 0, 0, 0),
            {"full": True},
            "FS_IOC_FIEMAP, {fm_start=0, fm_length=4096, fm_flags=FIEMAP_FLAG_SYNC, fm_extent_count=2} => {fm_flags=FIEMAP_FLAG_SYNC, fm_mapped_extents=1, fm_extents=[{fe_logical=0, fe_physical=512, fe_length=4096, fe_flags=FIEMAP_EXTENT_LAST}]}) = 0",
        ),
        (
            "FS_IOC_GETFSUUID",
            b"\x04abcd" + bytes(12),
            {},
            'FS_IOC_GETFSUUID, {len=4, uuid="\\x61\\x62\\x63\\x64"}) = 0',
        ),
        # seccomp
        (
            "SECCOMP_IOCTL_NOTIF_RECV",
            pack("<QIIiIQ6Q", 1, 42, 0, 0, 0xC000003E, 4096, 1, 0, 0, 0, 0, 0),
            {},
            "SECCOMP_IOCTL_NOTIF_RECV, {id=0x1, pid=42, flags=0, data={nr=__NR_read, arch=AUDIT_ARCH_X86_64, instruction_pointer=0x1000, args=[0x1, 0, 0, 0, 0, 0]}} => {id=0x1, pid=42, flags=0, data={nr=__NR_read, arch=AUDIT_ARCH_X86_64, instruction_pointer=0x1000, args=[0x1, 0, 0, 0, 0, 0]}}) = 0",
        ),
        (
            "SECCOMP_IOCTL_NOTIF_SEND",
            pack("<QqiI", 1, -1, -38, 1),
            {},
            "SECCOMP_IOCTL_NOTIF_SEND, {id=0x1, val=-1, error=-ENOSYS, flags=SECCOMP_USER_NOTIF_FLAG_CONTINUE}) = 0",
        ),
        # devices
        (
            "WDIOC_GETSUPPORT",
            pack("<II32s", 0x8000, 1, b"dog"),
            {"full": True},
            'WDIOC_GETSUPPORT, {options=WDIOF_KEEPALIVEPING, firmware_version=0x1, identity="dog"}) = 0',
        ),
        ("LIRC_GET_SEND_MODE", pack("<I", 2), {}, "LIRC_GET_SEND_MODE, [LIRC_MODE_PULSE]) = 0"),
        (
            "RNDADDENTROPY",
            pack("<ii", 8, 4) + b"abcd",
            {},
            'RNDADDENTROPY, {entropy_count=8, buf_size=4, buf="abcd"}) = 0',
        ),
        (
            "COUNTER_ADD_WATCH_IOCTL",
            bytes([1, 2, 3, 4, 0, 5]),
            {},
            "COUNTER_ADD_WATCH_IOCTL, {component={type=COUNTER_COMPONENT_SIGNAL, scope=COUNTER_SCOPE_COUNT, parent=3, id=4}, event=COUNTER_EVENT_OVERFLOW, channel=5}) = 0",
        ),
        ("NBD_SET_FLAGS", 3, {}, "NBD_SET_FLAGS, NBD_FLAG_HAS_FLAGS|NBD_FLAG_READ_ONLY) = 0"),
        # files
        (
            "EPIOCGPARAMS",
            pack("<IHBB", 1500, 8, 1, 0),
            {},
            "EPIOCGPARAMS, {busy_poll_usecs=1500 /* 0.001500 s */, busy_poll_budget=8, prefer_busy_poll=0x1}) = 0",
        ),
        (
            "UDMABUF_CREATE",
            pack("<IIQQ", 3, 1, 0, 4096),
            {"result": 3, "decode_fds": frozenset({"path"})},
            "UDMABUF_CREATE, {memfd=3</tmp/file>, flags=UDMABUF_FLAGS_CLOEXEC, offset=0, size=4096}) = 3</tmp/file>",
        ),
        # nsfs
        ("NS_GET_NSTYPE", 0, {"result": 0x40000000}, "NS_GET_NSTYPE) = 1073741824 (CLONE_NEWNET)"),
        (
            "NS_MNT_GET_INFO",
            pack("<IIQ", 16, 3, 255),
            {},
            "NS_MNT_GET_INFO, {size=16, nr_mounts=3, mnt_ns_id=0xff}) = 0",
        ),
        # pidfd
        (
            "PIDFD_GET_INFO",
            pack("<QQ3I", 9, 1, 10, 10, 1).ljust(88, b"\0"),
            {},
            "PIDFD_GET_INFO, {mask=PIDFD_INFO_PID|PIDFD_INFO_EXIT, pid=10, tgid=10, ppid=1, exit_code=[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]}) = 0",
        ),
        # uffd
        (
            "UFFDIO_API",
            pack("<3Q", 0xAA, 1, 0x8000000000000000),
            {},
            "UFFDIO_API, {api=0xaa, features=UFFD_FEATURE_PAGEFAULT_FLAG_WP, ioctls=1<<_UFFDIO_API}) = 0",
        ),
        (
            "UFFDIO_ZEROPAGE",
            pack("<3Qq", 4096, 4096, 0, 4096),
            {},
            "UFFDIO_ZEROPAGE, {range={start=0x1000, len=0x1000}, mode=0, zeropage=0x1000}) = 0",
        ),
        (
            "UFFDIO_ZEROPAGE",
            pack("<3Qq", 4096, 4096, 0, 4096),
            {"result": -17},
            "UFFDIO_ZEROPAGE, {range={start=0x1000, len=0x1000}, mode=0}) = -1 EEXIST (File exists)",
        ),
        # perf
        (
            "PERF_EVENT_IOC_QUERY_BPF",
            pack("<4I", 4, 2, 7, 9),
            {},
            "PERF_EVENT_IOC_QUERY_BPF, {ids_len=4, prog_cnt=2, ids=[7, 9]}) = 0",
        ),
        ("PERF_EVENT_IOC_RESET", 1, {}, "PERF_EVENT_IOC_RESET, PERF_IOC_FLAG_GROUP) = 0"),
        # rtc
        (
            "RTC_RD_TIME",
            pack("<9i", 1, 2, 3, 4, 5, 126, 0, 0, 0),
            {},
            "RTC_RD_TIME, {tm_sec=1, tm_min=2, tm_hour=3, tm_mday=4, tm_mon=5, tm_year=126, ...}) = 0",
        ),
        (0x8004700B, pack("<I", 64), {"abi": "i386"}, "RTC_IRQP_READ, [64]) = 0"),
        (
            "RTC_PARAM_GET",
            pack("<QqII", 1, -5, 0, 0),
            {},
            "RTC_PARAM_GET, {param=RTC_PARAM_CORRECTION, index=0} => {svalue=-5}) = 0",
        ),
        # ptp
        (
            "PTP_SYS_OFFSET",
            pack("<4I", 1, 0, 0, 0) + bytes(816),
            {},
            "PTP_SYS_OFFSET, {n_samples=1, ts=[{sec=0, nsec=0}, {sec=0, nsec=0}, {sec=0, nsec=0}]}) = 0",
        ),
        (
            "PTP_PIN_GETFUNC",
            pack("<64s8I", b"pin", 2, 1, 0, 0, 0, 0, 0, 0),
            {},
            'PTP_PIN_GETFUNC, {index=2, name="pin", func=PTP_PF_EXTTS, chan=0}) = 0',
        ),
        # hdio
        (
            "HDIO_GETGEO",
            pack("<BBH4xQ", 255, 63, 100, 2048),
            {},
            "HDIO_GETGEO, {heads=255, sectors=63, cylinders=100, start=2048}) = 0",
        ),
        (
            "HDIO_GETGEO",
            pack("<BBHI", 255, 63, 100, 2048),
            {"abi": "i386"},
            "HDIO_GETGEO, {heads=255, sectors=63, cylinders=100, start=2048}) = 0",
        ),
        ("HDIO_GET_DMA", pack("<I", 1), {"abi": "i386"}, "HDIO_GET_DMA, 0x30000) = 0"),
        (
            "HDIO_DRIVE_CMD",
            bytes([0xE5, 0, 0, 0]),
            {"result": -5},
            "HDIO_DRIVE_CMD, {command=ATA_CMD_CHK_POWER, sector_number=0, feature=0, sector_count=0} => {status=0xe5, error=0, nsector=0}) = -1 EIO (Input/output error)",
        ),
        # block
        ("BLKGETSIZE64", pack("<Q", 1 << 40), {}, "BLKGETSIZE64, [1099511627776]) = 0"),
        ("BLKDISCARD", pack("<QQ", 512, 1024), {}, "BLKDISCARD, [512, 1024]) = 0"),
        ("BLKRRPART", 0, {}, "BLKRRPART) = 0"),
        # loop
        (
            "LOOP_GET_STATUS64",
            pack("<5Q4I64s64s32s2Q", 2049, 7, 0, 512, 0, 3, 0, 0, 4, b"disk.img", b"", b"", 0, 0),
            {},
            'LOOP_GET_STATUS64, {lo_offset=0x200, lo_number=3, lo_flags=LO_FLAGS_AUTOCLEAR, lo_file_name="disk.img", ...}) = 0',
        ),
        (
            "LOOP_CONFIGURE",
            pack("<II", 3, 512) + bytes(232) + pack("<8Q", *[0] * 7, 1),
            {"decode_fds": frozenset({"path"})},
            'LOOP_CONFIGURE, {fd=3</tmp/file>, block_size=512, info={lo_offset=0, lo_number=0, lo_flags=0, lo_file_name="", ...}, __reserved=[0, 0, 0, 0, 0, 0, 0, 0x1]}) = 0',
        ),
        # mtd
        (
            "MEMGETREGIONINFO",
            pack("<4I", 1, 2, 3, 4),
            {},
            "MEMGETREGIONINFO, {regionindex=0x4, offset=0x1, erasesize=0x2, numblocks=0x3}) = 0",
        ),
        ("MTDFILEMODE", 3, {}, "MTDFILEMODE, MTD_FILE_MODE_RAW) = 0"),
        # ubi
        (
            "UBI_IOCMKVOL",
            pack("<iiqBBh4x128s", -1, 1, 4096, 3, 0, 4, b"root"),
            {},
            'UBI_IOCMKVOL, {vol_id=-1, alignment=1, bytes=4096, vol_type=UBI_DYNAMIC_VOLUME, flags=0, name_len=4, name="root"} => [-1]) = 0',
        ),
        # scsi
        ("SG_IO", pack("<iiBBHI3Q", ord("Q") + 1, 0, 0, 0, 0, 0, 0, 0, 0), {}, "SG_IO, [82]) = 0"),
        (
            "SG_IO",
            pack(
                "<iiBBHI3QIIi4xQ4B2HiII",
                ord("S"),
                -3,
                2,
                0,
                0,
                4,
                0x40000,
                0x50000,
                0,
                100,
                0,
                0,
                0,
                2,
                1,
                0,
                0,
                0,
                0,
                0,
                7,
                0,
            ).ljust(88, b"\0"),
            {"memory": {0x40000: b"data", 0x50000: b"\x12\x00"}},
            """SG_IO, {interface_id='S', dxfer_direction=SG_DXFER_FROM_DEV, cmd_len=2, cmdp="\\x12\\x00", mx_sb_len=0, iovec_count=0, dxfer_len=4, timeout=100, flags=0, dxferp="\\x64\\x61\\x74\\x61", status=0x2, masked_status=0x1, msg_status=0, sb_len_wr=0, sbp=NULL, host_status=0, driver_status=0, resid=0, duration=7, info=0}) = 0""",
        ),
        (
            "SG_SCSI_RESET",
            pack("<I", 0x101),
            {},
            "SG_SCSI_RESET, [SG_SCSI_RESET_NO_ESCALATE|SG_SCSI_RESET_DEVICE]) = 0",
        ),
        # socket
        (
            "SIOCGIFFLAGS",
            pack("<16sh14x8x", b"lo", 0x49),
            {},
            'SIOCGIFFLAGS, {ifr_name="lo", ifr_flags=IFF_UP|IFF_LOOPBACK|IFF_RUNNING}) = 0',
        ),
        (
            "SIOCGIFFLAGS",
            pack("<16sh14x8x", b"lo", 0x49),
            {"result": -19},
            'SIOCGIFFLAGS, {ifr_name="lo"}) = -1 ENODEV (No such device)',
        ),
        (
            "SIOCSIFHWADDR",
            pack("<16sH6s", b"eth0", 1, bytes([2, 0, 0, 0, 0, 1])).ljust(40, b"\0"),
            {},
            'SIOCSIFHWADDR, {ifr_name="eth0", ifr_hwaddr={sa_family=ARPHRD_ETHER, sa_data=02:00:00:00:00:01}}) = 0',
        ),
        (
            "SIOCGIFCONF",
            pack("<i4xQ", 80, 0),
            {},
            "SIOCGIFCONF, {ifc_len=80 /* 2 * sizeof(struct ifreq) */, ifc_buf=NULL}) = 0",
        ),
        (
            "SIOCGIFCONF",
            pack("<i4xQ", 40, 0x40000),
            {"memory": {0x40000: pack("<16sHH4s", b"lo", 2, 0, bytes([127, 0, 0, 1])).ljust(40, b"\0")}},
            'SIOCGIFCONF, {ifc_len=40 /* 1 * sizeof(struct ifreq) */, ifc_buf=[{ifr_name="lo", ifr_addr={sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}}]}) = 0',
        ),
        (
            "SIOCGIFNAME",
            pack("<16si20x", b"lo", 1),
            {"abi": "i386"},
            'SIOCGIFNAME, {ifr_ifindex=1, ifr_name="lo"}) = 0',
        ),
        # evdev
        (0x80104518, b"\x02" + bytes(15), {"result": 16}, "EVIOCGKEY(16), [KEY_ESC]) = 16"),
        (0x80084520, b"\x0b" + bytes(7), {"result": 8}, "EVIOCGBIT(0, 8), [EV_SYN EV_KEY EV_ABS]) = 8"),
        (
            0x80184540,
            pack("<6i", 1, 2, 3, 4, 5, 6),
            {"full": True},
            "EVIOCGABS(ABS_X), {value=1, minimum=2, maximum=3, fuzz=4, flat=5, resolution=6}) = 0",
        ),
        (0x80FF4506, b"keyboard", {"result": 8}, 'EVIOCGNAME(255), "keyboard") = 8'),
        (
            "EVIOCSFF",
            pack("<HhHHHHH2xhHHHHH", 0x52, 1, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 0).ljust(48, b"\0"),
            {"full": True},
            "EVIOCSFF, {type=FF_CONSTANT, id=1, direction=0, trigger={button=0, interval=0}, replay={length=0, delay=0}, constant={level=9, envelope={attack_length=1, attack_level=2, fade_length=3, fade_level=0x4}}}) = 0",
        ),
        # kd
        (
            "KDGKBENT",
            pack("<BBH", 0, 30, 0x0B61),
            {},
            "KDGKBENT, {kb_table=K_NORMTAB, kb_index=30, kb_value=0xb61 /* K(KT_LETTER, 'a') */}) = 0",
        ),
        ("KDMKTONE", 100 << 16 | 1193, {}, "KDMKTONE, 100<<16|1193 /* 1000 Hz, 100 ms */) = 0"),
        ("KDGETKEYCODE", pack("<II", 1, 2), {}, "KDGETKEYCODE, {scancode=0x1, keycode=0x2}) = 0"),
        ("KDFONTOP", pack("<5I4xQ", 3, 0, 0, 8, 0, 0), {}, "KDFONTOP, {op=KD_FONT_OP_COPY, height=8}) = 0"),
        # gpio
        (
            "GPIO_V2_LINE_GET_VALUES_IOCTL",
            pack("<QQ", 2, 3),
            {},
            "GPIO_V2_LINE_GET_VALUES_IOCTL, {mask=0x3} => {bits=0x2}) = 0",
        ),
        (
            "GPIO_GET_LINEINFO_IOCTL",
            pack("<II32s32s", 4, 1, b"LED", b"me"),
            {},
            'GPIO_GET_LINEINFO_IOCTL, {line_offset=4} => {flags=GPIOLINE_FLAG_KERNEL, name="LED", consumer="me"}) = 0',
        ),
        # v4l2
        (
            "VIDIOC_REQBUFS",
            pack("<5I", 4, 1, 1, 0, 0),
            {},
            "VIDIOC_REQBUFS, {type=V4L2_BUF_TYPE_VIDEO_CAPTURE, memory=V4L2_MEMORY_MMAP, count=4}) = 0",
        ),
        (
            "VIDIOC_G_FMT",
            pack("<I4x2I4s", 1, 640, 480, b"NV12").ljust(208, b"\0"),
            {},
            "VIDIOC_G_FMT, {type=V4L2_BUF_TYPE_VIDEO_CAPTURE, fmt.pix={width=640, height=480, pixelformat=v4l2_fourcc('N', 'V', '1', '2') /* V4L2_PIX_FMT_NV12 */, field=V4L2_FIELD_ANY, bytesperline=0, sizeimage=0, colorspace=V4L2_COLORSPACE_DEFAULT}}) = 0",
        ),
        ("VIDIOC_S_CTRL", pack("<Ii", 0x980900, 5), {}, "VIDIOC_S_CTRL, {id=V4L2_CID_BRIGHTNESS, value=5}) = 0"),
        (
            "VIDIOC_DQBUF",
            bytes(88),
            {"result": -11},
            "VIDIOC_DQBUF, {type=0 /* V4L2_BUF_TYPE_??? */}) = -1 EAGAIN (Resource temporarily unavailable)",
        ),
        # dm
        (
            "DM_TABLE_STATUS",
            pack("<7I", 4, 50, 0, 400, 312, 1, 0)
            + pack("<IIIQ128s129s7x", 0, 0, 0, 64768, b"root", b"")
            + pack("<QQiI16s", 0, 2048, 0, 0, b"linear")
            + b"8:1 0\0"
            + bytes(42),
            {"full": True},
            'DM_TABLE_STATUS, [{version=[4, 50, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", flags=0}] => [{version=[4, 50, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", target_count=1, open_count=0, event_nr=0, flags=0}, {sector_start=0, length=2048, status=0, target_type="linear", string="8:1 0"}]) = 0',
        ),
        (
            "DM_VERSION",
            pack("<4I", 3, 0, 0, 312).ljust(312, b"\0"),
            {"result": -22},
            "DM_VERSION, [{version=[3, 0, 0] /* unsupported device mapper ABI version */}]) = -1 EINVAL (Invalid argument)",
        ),
        # tee
        (
            "TEE_IOC_INVOKE",
            pack("<QQ", 0x40000, 56),
            {"memory": {0x40000: pack("<6I4Q", 1, 2, 3, 0, 0, 1, 5, 16, 32, 7)}},
            "TEE_IOC_INVOKE, {buf_len=56, buf_ptr={func=1, session=0x2, cancel_id=3, num_params=1, params=[{attr=TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, shm_offs=0x10, size=0x20, shm_id=7}]} => {ret=0, ret_origin=0 /* TEEC_ORIGIN_??? */, params=[{attr=TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, shm_offs=0x10, size=0x20, shm_id=7}]}}) = 0",
        ),
        (
            "TEE_IOC_SHM_ALLOC",
            pack("<QIi", 4096, 1, 5),
            {},
            "TEE_IOC_SHM_ALLOC, {size=0x1000, flags=TEE_IOCTL_SHM_MAPPED} => {size=0x1000, flags=TEE_IOCTL_SHM_MAPPED, id=5}) = 0",
        ),
        # btrfs
        (
            "BTRFS_IOC_SUBVOL_CREATE",
            pack("<q4088s", 3, b"home"),
            {"decode_fds": frozenset({"path"})},
            'BTRFS_IOC_SUBVOL_CREATE, {fd=3</tmp/file>, name="home"}) = 0',
        ),
        (
            "BTRFS_IOC_INO_LOOKUP",
            pack("<QQ4080s", 0, 256, b"etc/"),
            {},
            'BTRFS_IOC_INO_LOOKUP, {treeid=0, objectid=BTRFS_FIRST_FREE_OBJECTID} => {treeid=0, name="etc/"}) = 0',
        ),
        (
            "BTRFS_IOC_GET_DEV_STATS",
            pack("<8Q", 1, 2, 1, 7, 8, 0, 0, 0).ljust(1032, b"\0"),
            {},
            "BTRFS_IOC_GET_DEV_STATS, {devid=makedev(0, 0x1), nr_items=2, flags=BTRFS_DEV_STATS_RESET} => {nr_items=2, flags=BTRFS_DEV_STATS_RESET, [[BTRFS_DEV_STAT_WRITE_ERRS]=7, [BTRFS_DEV_STAT_READ_ERRS]=8]}) = 0",
        ),
        (
            "BTRFS_IOC_TREE_SEARCH",
            pack("<7Q4I4Q", 5, 256, (1 << 64) - 256, 0, (1 << 64) - 1, 0, (1 << 64) - 1, 1, 132, 1, 0, 0, 0, 0, 0)
            + pack("<3QII", 9, 5, 0, 132, 0).ljust(3992, b"\0"),
            {"full": True},
            "BTRFS_IOC_TREE_SEARCH, {key={tree_id=BTRFS_FS_TREE_OBJECTID, min_objectid=BTRFS_FIRST_FREE_OBJECTID, max_objectid=BTRFS_LAST_FREE_OBJECTID, min_offset=0, max_offset=UINT64_MAX, min_transid=0, max_transid=UINT64_MAX, min_type=BTRFS_INODE_ITEM_KEY, max_type=BTRFS_ROOT_ITEM_KEY, nr_items=1}} => {key={nr_items=1}, buf=[{transid=9, objectid=BTRFS_FS_TREE_OBJECTID, offset=0, type=BTRFS_ROOT_ITEM_KEY, len=0}]}) = 0",
        ),
        # kvm
        (
            "KVM_SET_USER_MEMORY_REGION",
            pack("<II3Q", 0, 2, 4096, 8192, 1 << 20),
            {},
            "KVM_SET_USER_MEMORY_REGION, {slot=0, flags=KVM_MEM_READONLY, guest_phys_addr=0x1000, memory_size=8192, userspace_addr=0x100000}) = 0",
        ),
        (
            "KVM_GET_REGS",
            pack("<18Q", *range(18)),
            {},
            "KVM_GET_REGS, {rax=0, ..., rsp=0x6, rbp=0x7, ..., rip=0x10, rflags=0x11}) = 0",
        ),
        (
            "KVM_GET_SUPPORTED_CPUID",
            pack("<II10I", 1, 0, 7, 0, 1, 1, 2, 3, 4, 0, 0, 0),
            {"full": True},
            "KVM_GET_SUPPORTED_CPUID, {nent=1, entries=[{function=0x7, index=0, flags=KVM_CPUID_FLAG_SIGNIFCANT_INDEX, eax=0x1, ebx=0x2, ecx=0x3, edx=0x4}]}) = 0",
        ),
        ("KVM_CREATE_VCPU", 1, {"result": 3, "decode_fds": frozenset({"path"})}, "KVM_CREATE_VCPU, 1) = 3</tmp/file>"),
        (
            "KVM_RUN",
            0,
            {"vcpu": "vcpu", "memory": {0x70000: pack("<8xI", 2).ljust(4096, b"\0")}},
            "KVM_RUN, 0) = 0 (KVM_EXIT_IO)",
        ),
        # names
        (0x80084804, 4, {}, "HIDIOCGRAWNAME(8), 0x4) = 0"),
        (
            0x80044D0D,
            4,
            {"result": -25},
            "MIXER_READ(13) or OTPSELECT, 0x4) = -1 ENOTTY (Inappropriate ioctl for device)",
        ),
        # none
        (0x8002DEAD, b"\xfe\xed", {"full": True}, '_IOC(_IOC_READ, 0xde, 0xad, 0x2), "\\xfe\\xed") = 0'),
        (0x4002DEAD, 7, {}, "_IOC(_IOC_WRITE, 0xde, 0xad, 0x2), 0x7) = 0"),
    ],
)
def test_lines(shown, request_, argument, options, line):
    number = NUMBERS.get(request_, request_)
    assert shown("ioctl", 0, number, argument, **options).text == f"ioctl(0, {line}"


@pytest.mark.parametrize("module", MODULES)
def test_declared_requests_are_in_the_catalogue(module):
    declared = getattr(import_module(f"trapgate.calls.requests.{module}"), "REQUESTS", {})
    assert [name for name in declared if name not in NUMBERS] == []
    assert [name for name in declared if module not in FAMILIES[NUMBERS[name] >> 8 & 0xFF].split()] == []


def declared_types():
    for module in MODULES:
        declared = getattr(import_module(f"trapgate.calls.requests.{module}"), "REQUESTS", {})
        for name, kind in declared.items():
            if isinstance(as_case(kind).kind, Type):
                yield pytest.param(NUMBERS[name], id=name)


@pytest.mark.parametrize("request_", list(declared_types()))
def test_memory_that_cannot_be_read_is_an_address(shown, request_):
    """Every request of every family, with a pointer to nowhere, before and after a failure."""
    for options in ({}, {"result": -14}, {"full": True}, {"style": "raw"}):
        text = shown("ioctl", 0, request_, 0xDEADBEEF, **options).text
        assert text.startswith("ioctl(0, ") and "None" not in text
        assert shown("ioctl", 0, request_, 0, **options).text.startswith("ioctl(0, ")


@pytest.mark.parametrize("request_", list(declared_types()))
def test_rubbish_is_decoded(shown, request_):
    """4 KiB of ones: lengths and types that no kernel gives."""
    for fill in (b"\xff", b"\x01"):
        for options in ({}, {"full": True, "style": "verbose"}, {"abi": "i386", "full": True}):
            assert "ioctl(" in shown("ioctl", 0, request_, fill * 4096, **options).text


def test_the_terminal_tells_which_of_two_names_is_meant(shown):
    assert shown("ioctl", 0, 0x5402, 0).text == "ioctl(0, TCSETS, NULL) = 0"
    assert shown("ioctl", 1, 0x5402, 0).text == "ioctl(1, SNDCTL_TMR_START or TCSETS, NULL) = 0"


def test_a_request_has_the_size_of_its_structure():
    """struct v4l2_ext_controls has a pointer; struct winsize and what encodes no size are the same everywhere."""
    assert 0xC0205648 in known_requests(ord("V"), X86_64).cases
    assert 0xC0185648 in known_requests(ord("V"), I386).cases
    assert known_requests(ord("V"), I386).names[0xC0185648] == "VIDIOC_S_EXT_CTRLS"
    for abi in (X86_64, I386, X32):
        assert known_requests(ord("T"), abi).names[0x5413] == "TIOCGWINSZ"


def plan_of(request, abi=X86_64):
    described = describe("ioctl", abi.name)
    return make_plan(described, abi, 32, ("op", request))[0].ops


def test_plans_copy_what_requests_without_a_size_point_to():
    (op,) = plan_of(0x5413)
    assert (op.phase, op.what, op.base, op.max) == (Phase.EXIT, What.BYTES, 2, 8)
    (op,) = plan_of(0x5402, I386)
    assert (op.phase, op.base, op.max) == (Phase.ENTRY, 2, 36)
    assert [op.phase for op in plan_of(0x8913)] == [Phase.ENTRY, Phase.EXIT]


def test_other_requests_are_copied_by_the_size_they_encode():
    ops = make_plan(describe("ioctl", "x86_64"), X86_64)[0].ops
    assert [(op.phase, op.base, op.len_from.name, op.len_arg) for op in ops] == [
        (Phase.ENTRY, 2, "IOC_SIZE", 1),
        (Phase.EXIT, 2, "IOC_SIZE", 1),
    ]


def test_json(shown):
    assert shown("ioctl", 0, 0x5413, pack("<4H", 24, 80, 0, 0)).data["argp"] == {
        "ws_row": 24,
        "ws_col": 80,
        "ws_xpixel": 0,
        "ws_ypixel": 0,
    }
    attributes = shown("ioctl", 0, NUMBERS["FS_IOC_GETFLAGS"], pack("<I", 0x80010)).data
    assert attributes["attr"] == ["FS_IMMUTABLE_FL", "FS_EXTENT_FL"]
