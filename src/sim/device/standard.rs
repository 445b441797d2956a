//! The standard requests of USB 2.0 §9.4, as a board answers them.

use std::time::Duration;

use super::super::descriptor::{
    CONFIGURATION_VALUE, EXPLANATION_INDEX, INTERFACE_NUMBER, OTHER_ENDPOINTS, Program, utf_16,
};
use super::super::transfer::{Answer, SET_CONFIGURATION, SET_INTERFACE, Setup};
use super::Device;
use crate::usb::descriptor::{GET_DESCRIPTOR, STRING};

/// `bRequest` of the other standard requests (USB 2.0, table 9-4).
const GET_STATUS: u8 = 0;
const CLEAR_FEATURE: u8 = 1;
const SET_ADDRESS: u8 = 5;
const GET_CONFIGURATION: u8 = 8;
const GET_INTERFACE: u8 = 10;

impl Device {
    /// Standard requests leave the DFU state alone, whether they make sense or not.
    pub(super) fn standard(&mut self, setup: &Setup, now: Duration) -> Answer {
        let request = setup.request;
        match (request.request_type, request.request) {
            (0x80 | 0x81, GET_DESCRIPTOR) => self.get_descriptor(request.value),
            // Self-powered, no remote wakeup.
            (0x80, GET_STATUS) => Answer::Data(vec![1, 0]),
            (0x81, GET_STATUS) if self.chosen(setup).is_some() => Answer::Data(vec![0, 0]),
            (0x82, GET_STATUS) if self.has_endpoint(request.index) => Answer::Data(vec![0, 0]),
            // No endpoint is ever halted, so there is nothing to clear.
            (0x02, CLEAR_FEATURE) if self.has_endpoint(request.index) && request.value == 0 => {
                Answer::Acknowledged
            }
            (0x00, SET_ADDRESS) => Answer::Acknowledged,
            (0x80, GET_CONFIGURATION) => Answer::Data(vec![self.configuration]),
            (0x00, SET_CONFIGURATION) => self.set_configuration(request.value, now),
            (0x81, GET_INTERFACE) => match self.chosen(setup) {
                Some(number) => Answer::Data(vec![number]),
                None => Answer::Stall,
            },
            (0x01, SET_INTERFACE) if self.is_configured() => self.set_interface(setup),
            _ => Answer::Stall,
        }
    }

    fn get_descriptor(&mut self, value: u16) -> Answer {
        if value.to_be_bytes() == [STRING, EXPLANATION_INDEX] {
            let Some(usual) = self.bootloader.explain() else {
                return Answer::Stall;
            };
            let text = self.strings.get(&EXPLANATION_INDEX);
            return Answer::Data(utf_16(text.map_or(usual, String::as_str), 0));
        }
        let description = self.description();
        if description.is_silent_about(value) {
            return Answer::Silent;
        }
        description
            .descriptor(value)
            .map_or(Answer::Stall, Answer::Data)
    }

    /// Configuring puts every interface back to alternate setting 0 (USB 2.0 §9.1.1.5).
    fn set_configuration(&mut self, value: u16, now: Duration) -> Answer {
        match u8::try_from(value) {
            Ok(value @ (0 | CONFIGURATION_VALUE)) => {
                self.configuration = value;
                match self.program {
                    Program::Bootloader => self.bootloader.configured(&self.memories, now),
                    Program::Application => self.application.configured(),
                    Program::Other => {}
                }
                Answer::Acknowledged
            }
            _ => Answer::Stall,
        }
    }

    /// The alternate setting of an interface that was chosen last; `None` where there is no such interface.
    pub fn alternate_setting(&self, interface: u16) -> Option<u8> {
        let is_only_one = interface == u16::from(INTERFACE_NUMBER);
        match self.program {
            Program::Bootloader => is_only_one.then(|| self.bootloader.alternate_setting()),
            Program::Application => self.application.alternate_setting(interface),
            Program::Other => is_only_one.then_some(0),
        }
    }

    /// The same for the interface that a request is for.
    fn chosen(&self, setup: &Setup) -> Option<u8> {
        let interface = Some(setup.request.index).filter(|_| self.is_configured())?;
        self.alternate_setting(interface)
    }

    fn set_interface(&mut self, setup: &Setup) -> Answer {
        let interface = setup.request.index;
        let Ok(number) = u8::try_from(setup.request.value) else {
            return Answer::Stall;
        };
        let is_only_one = interface == u16::from(INTERFACE_NUMBER);
        let exists = match self.program {
            Program::Application => self.application.set_alternate_setting(interface, number),
            Program::Bootloader => is_only_one && self.memories.get(number).is_some(),
            Program::Other => is_only_one && number == 0,
        };
        if !exists {
            return Answer::Stall;
        }
        if self.program == Program::Bootloader {
            self.bootloader
                .set_alternate_setting(number, &self.memories);
        }
        Answer::Acknowledged
    }

    /// Whether there is an endpoint with this `bEndpointAddress`.
    fn has_endpoint(&self, address: u16) -> bool {
        let Ok(address) = u8::try_from(address) else {
            return false;
        };
        matches!(address, 0x00 | 0x80)
            || match self.program {
                Program::Application => self.application.has_endpoint(address),
                Program::Bootloader => false,
                Program::Other => OTHER_ENDPOINTS.contains(&address),
            }
    }
}
