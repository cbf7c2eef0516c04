//! How the words of messages are written in CBOR, where that is not derived from their shape.

use std::net::IpAddr;

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::Addresses;
use super::files::Why;
use crate::limits;
use crate::text::{EntryPath, FileName};

type Written<W> = Result<(), EncodeError<<W as Write>::Error>>;

/// Whatever the other side wrote becomes a name that is legal here.
impl<'b, C> Decode<'b, C> for FileName {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        d.str().map(Self::of)
    }
}

impl<C> Encode<C> for EntryPath {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Written<W> {
        e.array(u64::try_from(self.names().len()).unwrap_or(0))?;
        self.names().iter().try_for_each(|name| name.encode(e, c))
    }
}

impl<'b, C> Decode<'b, C> for EntryPath {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let count = d.array()?.ok_or_else(|| DecodeError::message("path without a length"))?;
        if count > limits::DEPTH_MAX as u64 {
            return Err(DecodeError::message("a path too deep"));
        }
        let names = (0..count).map(|_| d.str()).collect::<Result<Vec<_>, _>>()?;
        Self::of(names).map_err(DecodeError::custom)
    }
}

impl<C> Encode<C> for Why {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Written<W> {
        let place = Self::ALL.iter().position(|why| why == self);
        e.u8(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX))?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Why {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let code = usize::from(d.u8()?);
        Ok(Self::ALL.get(code).copied().unwrap_or(Self::Other))
    }
}

impl<C> Encode<C> for Addresses {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Written<W> {
        e.array(u64::try_from(self.0.len()).unwrap_or(0))?;
        for address in &self.0 {
            match address {
                IpAddr::V4(v4) => e.bytes(&v4.octets())?,
                IpAddr::V6(v6) => e.bytes(&v6.octets())?,
            };
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Addresses {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let count = d.array()?.ok_or_else(|| DecodeError::message("list without a length"))?;
        if count > limits::ADDRESSES_MAX as u64 {
            return Err(DecodeError::message("too many addresses"));
        }
        let mut addresses = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let bytes = d.bytes()?;
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
            let address = v4.or_else(|_| v6());
            addresses.push(address.map_err(|_| DecodeError::message("not an address"))?);
        }
        Ok(Self(addresses))
    }
}
