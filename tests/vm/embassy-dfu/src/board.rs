//! The device: embassy's bootloader, which starts either its DFU mode or the application.

use std::fmt;
use std::io;
use std::net::TcpStream;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use embassy_boot::{
    AlignedBuffer, BlockingFirmwareState, BlockingFirmwareUpdater, BootLoader, BootLoaderConfig,
    FirmwareUpdaterConfig, State,
};
use embassy_time::Duration;
use embassy_usb::{Builder, Config};
use embassy_usb_dfu::consts::DfuAttributes;
use embassy_usb_dfu::{Reset, application, dfu};

use crate::driver::{OverIp, Wire};
use crate::flash::{DOUBLE_WORD, Flash, PAGE, Partition};
use crate::usbip::Export;

/// Those of both of embassy's examples, which differ in their product strings.
const IDS: (u16, u16) = (0xC0DE, 0xCAFE);
const RELEASE: u16 = 0x0010;
/// A device whose interfaces are associated, which is what embassy-usb makes.
const DEVICE_CLASS: [u8; 3] = [0xEF, 2, 1];
/// wTransferSize in DFU mode.
const BLOCK: usize = 4096;
/// How long after DETACH a reset leads to DFU mode.
const DETACH_TIMEOUT: Duration = Duration::from_millis(2500);

/// What the bootloader starts.
#[derive(Clone, Copy)]
pub enum Mode {
    Dfu,
    Application,
}

/// The device from one reset to the next.
pub struct Board<'f> {
    flash: &'f Flash,
    mode: Mode,
    serial: &'f str,
    /// bmAttributes, in both modes.
    attributes: u8,
}

/// Ends what runs.
struct SystemReset(Rc<Wire>);

/// The application's way into DFU mode.
struct Detach<'d> {
    state: BlockingFirmwareState<'d, Partition>,
    reset: SystemReset,
}

/// Leaves word for the bootloader what to start.
pub fn mark(flash: &Flash, mode: Mode) -> io::Result<()> {
    let mut aligned = [0; DOUBLE_WORD];
    let mut state = BlockingFirmwareState::new(flash.state(), &mut aligned);
    let marked = match mode {
        Mode::Dfu => state.mark_dfu(),
        Mode::Application => state.mark_booted(),
    };
    marked.map_err(|error| io::Error::other(format!("{error:?}")))
}

impl<'f> Board<'f> {
    /// Starts the bootloader, which swaps in what was downloaded, or swaps back what did not start.
    pub fn boot(flash: &'f Flash, serial: &'f str, attributes: u8) -> io::Result<Self> {
        let mut bootloader = BootLoader::new(BootLoaderConfig {
            active: flash.active(),
            dfu: flash.download(),
            state: flash.state(),
        });
        let state = bootloader
            .prepare_boot(&mut AlignedBuffer([0; PAGE]).0)
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mode = if state == State::DfuDetach {
            Mode::Dfu
        } else {
            Mode::Application
        };
        if let Mode::Application = mode {
            // The application says that it runs: without that, the next boot swaps back.
            mark(flash, mode)?;
        }
        Ok(Self {
            flash,
            mode,
            serial,
            attributes,
        })
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// As USB/IP describes it.
    pub fn export(&self) -> Export {
        let protocol = match self.mode {
            Mode::Application => 1,
            Mode::Dfu => 2,
        };
        Export {
            vendor_id: IDS.0,
            product_id: IDS.1,
            release: RELEASE,
            class: DEVICE_CLASS,
            interface_class: [0xFE, 1, protocol],
        }
    }

    /// Runs until the device resets itself, or the host is gone.
    pub fn run(&self, stream: TcpStream) {
        let wire = Wire::new(stream);
        match self.mode {
            Mode::Dfu => self.run_dfu(&wire),
            Mode::Application => self.run_application(&wire),
        }
    }

    fn run_dfu(&self, wire: &Rc<Wire>) {
        let mut aligned = [0; DOUBLE_WORD];
        let partitions = FirmwareUpdaterConfig {
            dfu: self.flash.download(),
            state: self.flash.state(),
        };
        let updater = BlockingFirmwareUpdater::new(partitions, &mut aligned);
        let mut state = dfu::new_state(updater, self.attributes(), SystemReset(Rc::clone(wire)));
        let (mut configuration, mut bos, mut control) = ([0; 256], [0; 256], [0; BLOCK]);
        let config = self.config("USB-DFU Bootloader example");
        let driver = OverIp(Rc::clone(wire));
        let mut builder = Builder::new(
            driver,
            config,
            &mut configuration,
            &mut bos,
            &mut [],
            &mut control,
        );
        dfu::usb_dfu::<_, _, _, _, BLOCK>(&mut builder, &mut state, |_| {});
        run(wire, builder);
    }

    fn run_application(&self, wire: &Rc<Wire>) {
        let mut aligned = [0; DOUBLE_WORD];
        let detach = Detach {
            state: BlockingFirmwareState::new(self.flash.state(), &mut aligned),
            reset: SystemReset(Rc::clone(wire)),
        };
        let mut state = application::DfuState::new(detach, self.attributes(), DETACH_TIMEOUT);
        let (mut configuration, mut bos, mut control) = ([0; 256], [0; 256], [0; 64]);
        let config = self.config("USB-DFU Runtime example");
        let driver = OverIp(Rc::clone(wire));
        let mut builder = Builder::new(
            driver,
            config,
            &mut configuration,
            &mut bos,
            &mut [],
            &mut control,
        );
        application::usb_dfu(&mut builder, &mut state, |_| {});
        run(wire, builder);
    }

    fn attributes(&self) -> DfuAttributes {
        DfuAttributes::from_bits_retain(self.attributes)
    }

    fn config(&self, product: &'static str) -> Config<'f> {
        let mut config = Config::new(IDS.0, IDS.1);
        config.manufacturer = Some("Embassy");
        config.product = Some(product);
        config.serial_number = Some(self.serial);
        config.device_release = RELEASE;
        config
    }
}

/// Polls a device until it is off the bus: the driver waits, so whatever stays pending has been waited for.
fn run(wire: &Wire, builder: Builder<'_, OverIp>) {
    let mut device = builder.build();
    let mut running = pin!(device.run());
    let mut context = Context::from_waker(Waker::noop());
    while !wire.is_off() {
        let _ = running.as_mut().poll(&mut context);
    }
}

impl Reset for SystemReset {
    fn sys_reset(&self) {
        self.0.switch_off();
    }
}

impl application::Handler for Detach<'_> {
    fn enter_dfu(&mut self) {
        match self.state.mark_dfu() {
            Ok(()) => self.reset.sys_reset(),
            Err(error) => eprintln!("embassy-dfu: DFU mode can't be marked: {error:?}"),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dfu => "DFU mode",
            Self::Application => "application",
        })
    }
}
