//! Keys of dictionaries under nulls: Arrow lets them be anything, here they are 0.

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, DictionaryArray, PrimitiveArray, downcast_dictionary_array, make_array,
};
use arrow::datatypes::{ArrowDictionaryKeyType, ArrowNativeType, DataType};
use arrow::error::ArrowError;
use std::sync::Arc;

use crate::batch::guarded;
use crate::{Failure, Meter};

/// The array with 0 for each key under a null, at all levels; the array itself where it has no dictionary.
///
/// # Errors
/// What the meter says.
pub(crate) fn without_hidden_keys(array: &ArrayRef, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    if !has_dictionary(array.data_type()) {
        return Ok(array.clone());
    }
    let bytes = crate::array_bytes(array);
    meter.allocate(bytes)?;
    meter.work(bytes / 8)?;
    guarded(|| cleaned(array))
}

fn has_dictionary(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, _) => true,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => has_dictionary(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_dictionary(field.data_type())),
        _ => false,
    }
}

fn cleaned(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if !has_dictionary(array.data_type()) {
        return Ok(array.clone());
    }
    let any: &dyn Array = array.as_ref();
    downcast_dictionary_array!(
        any => dictionary(any),
        _ => {
            let data = array.to_data();
            let children = data.child_data().iter().map(|child| Ok(cleaned(&make_array(child.clone()))?.to_data()));
            let children = children.collect::<Result<Vec<_>, ArrowError>>()?;
            Ok(make_array(data.into_builder().child_data(children).build()?))
        }
    )
}

fn dictionary<K: ArrowDictionaryKeyType>(array: &DictionaryArray<K>) -> Result<ArrayRef, ArrowError> {
    let values = cleaned(array.values())?;
    Ok(Arc::new(DictionaryArray::<K>::try_new(zeroed(array.keys()), values)?))
}

/// The numbers with 0 under each null.
pub(super) fn zeroed<T: ArrowPrimitiveType>(keys: &PrimitiveArray<T>) -> PrimitiveArray<T> {
    let Some(nulls) = keys.nulls().filter(|nulls| nulls.null_count() > 0) else { return keys.clone() };
    let shown = keys.values().iter().zip(nulls).map(|(key, valid)| if valid { *key } else { T::Native::usize_as(0) });
    PrimitiveArray::new(shown.collect::<Vec<_>>().into(), Some(nulls.clone()))
}
